/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One load's state, and the passes that take a tree from what was written to the canonical form.
 * Private to the loader. Each pass owns the tree that it gets (load.c copies what YAML gave, so
 * that no node is shared) and changes it in place; what is wrong goes to ps->findings, all of it,
 * and the caller looks at the number of errors when a pass is over.
 */
#ifndef COMPOSE_PASS_H
#define COMPOSE_PASS_H

#include "compose/load.h"
#include "compose/schema.h"

#define LIMIT_PORTS 200000 /* of all services: a range is 65535 at most */

struct pass {
	struct arena *arena;
	struct findings *findings;
	const struct load_options *opt;
	struct project_tree *tree;
	const char *cwd;      /* the process's working directory, absolute */
	size_t visits;	      /* nodes of the whole load (yaml.h) */
	size_t ports;	      /* that short forms stood for, of the whole load */
	size_t errors_before; /* findings that were there before this load */
	struct map *remotes;  /* URL -> struct remote *, those fetched */

	/* These change while included and extended files are loaded. */
	const char *work_dir; /* relative paths are joined to it; may be relative itself */
	const char *load_dir; /* absolute: include and extends are relative to it */
	struct var_maps vars;
	const struct map *env; /* as one map: lookups that don't interpolate */
	bool resolve_paths;
	bool unchecked; /* the forms were not checked yet: what is odd is left to that */
};

/* A path with one more step, for the recursion of passes. */
#define PATH_STEP(up_, key_) (&(const struct node_path){ .up = (up_), .key = (key_) })

/* An error at a value, its path before the message. Returns -ERR_INVALID. */
int pass_error(struct pass *ps, const struct node *at, const struct node_path *path,
	       const char *fmt, ...) printf_like(4, 5);
/* The same without a path. */
int pass_fail(struct pass *ps, const struct node *at, const char *fmt, ...) printf_like(3, 4);
static inline bool pass_failed(const struct pass *ps)
{
	return ps->findings->n_errors > ps->errors_before;
}
/* "services.app.ports.[]" in the arena. */
const char *path_text(struct pass *ps, const struct node_path *path);

/* A new map or list at the place of another node. */
struct node *map_like(struct pass *ps, const struct node *at);
struct node *list_like(struct pass *ps, const struct node *at);
struct node *string_like(struct pass *ps, const struct node *at, const char *s);
void map_put(struct pass *ps, struct node *map, const char *key, struct node *value);
void map_put_string(struct pass *ps, struct node *map, const char *key, const char *value);
void map_put_bool(struct pass *ps, struct node *map, const char *key, bool value);
static inline bool is_map(const struct node *n)
{
	return n && n->kind == NODE_MAP;
}
static inline bool is_list(const struct node *n)
{
	return n && n->kind == NODE_LIST;
}
static inline bool is_string(const struct node *n)
{
	return n && n->kind == NODE_STRING;
}
static inline bool is_null(const struct node *n)
{
	return !n || n->kind == NODE_NULL;
}
/* The text before the first c, in the arena, and what is behind it (NULL: there is no c). */
const char *cut(struct pass *ps, const char *s, char c, const char **ret_tail);
/* NULL: not set. For the value at a node: what files of other machines are told is noted. */
const char *env_get_for(struct pass *ps, const struct node *at, const char *name);

/* merge.c */
struct node *merge_trees(struct pass *ps, struct node *base, struct node *over);
struct node *merge_service(struct pass *ps, struct node *base, struct node *over);
void enforce_unique(struct pass *ps, struct node *root);
struct node *merge_replace(struct pass *ps, struct node *base, struct node *over,
			   const struct attr *attr, const struct node_path *path);
struct node *merge_sequence(struct pass *ps, struct node *base, struct node *over,
			    const struct attr *attr, const struct node_path *path);
struct node *merge_build(struct pass *ps, struct node *base, struct node *over,
			 const struct attr *attr, const struct node_path *path);
struct node *merge_depends_on(struct pass *ps, struct node *base, struct node *over,
			      const struct attr *attr, const struct node_path *path);
struct node *merge_keys(struct pass *ps, struct node *base, struct node *over,
			const struct attr *attr, const struct node_path *path);
struct node *merge_hosts(struct pass *ps, struct node *base, struct node *over,
			 const struct attr *attr, const struct node_path *path);
struct node *merge_logging(struct pass *ps, struct node *base, struct node *over,
			   const struct attr *attr, const struct node_path *path);
struct node *merge_ulimit(struct pass *ps, struct node *base, struct node *over,
			  const struct attr *attr, const struct node_path *path);
struct node *merge_ipam(struct pass *ps, struct node *base, struct node *over,
			const struct attr *attr, const struct node_path *path);
const char *unique_key_value(struct pass *ps, const struct node *item,
			     const struct node_path *path);
const char *unique_text(struct pass *ps, const struct node *item, const struct node_path *path);
const char *unique_port(struct pass *ps, const struct node *item, const struct node_path *path);
const char *unique_volume(struct pass *ps, const struct node *item, const struct node_path *path);
const char *unique_device(struct pass *ps, const struct node *item, const struct node_path *path);
const char *unique_secret(struct pass *ps, const struct node *item, const struct node_path *path);
const char *unique_config(struct pass *ps, const struct node *item, const struct node_path *path);
const char *unique_env_file(struct pass *ps, const struct node *item, const struct node_path *path);

/* reset.c: what !reset and !override of a document take away from what was there before it. */
struct resets {
	VEC(const char *) paths; /* keys joined by RESET_SEP */
};
#define RESET_SEP '\x1f'
/* Takes the !reset members out of the tree, and notes the paths of these and of the !override ones.
 */
void resets_collect(struct pass *ps, struct node *doc, struct resets *ret);
void resets_apply(const struct resets *rs, struct node *tree);
/* The same for one service: `service` is what services.NAME would be. */
void resets_apply_service(struct pass *ps, const struct resets *rs, const char *name,
			  struct node *service);
void resets_done(struct resets *rs);

/* check.c: the forms of the specification; all findings. */
void check_schema(struct pass *ps, const struct node *root);
/* check-fields.c: what the forms can't say. */
void check_fields(struct pass *ps, const struct node *root);
void check_external(struct pass *ps, const struct node *n, const struct node_path *path);
void check_config_source(struct pass *ps, const struct node *n, const struct node_path *path);
void check_secret_source(struct pass *ps, const struct node *n, const struct node_path *path);
void check_host_ip(struct pass *ps, const struct node *n, const struct node_path *path);
void check_not_blank(struct pass *ps, const struct node *n, const struct node_path *path);
void check_device_request(struct pass *ps, const struct node *n, const struct node_path *path);
/* ports.c */
bool is_ip(const char *s);
bool looks_container_name(const char *s);
bool looks_pull_policy(const char *s);

/* canonical.c: short forms to long ones; defaults. */
void to_canonical(struct pass *ps, struct node *root);
void fill_defaults(struct pass *ps, struct node *root);
#define SHORTEN(name)                                                                       \
	struct node *short_##name(struct pass *ps, struct node *n, const struct attr *attr, \
				  const struct node_path *path)
SHORTEN(build);
SHORTEN(depends_on);
SHORTEN(env_file);
SHORTEN(extends);
SHORTEN(gpus);
SHORTEN(key_value);
SHORTEN(ulimit);
SHORTEN(keys);
SHORTEN(list);
SHORTEN(dns);
SHORTEN(mount);
SHORTEN(text);
SHORTEN(ssh);
SHORTEN(external);
SHORTEN(ports);	 /* ports.c */
SHORTEN(volume); /* volume-spec.c */
SHORTEN(device);
void fill_build(struct pass *ps, struct node *n);
void fill_secret(struct pass *ps, struct node *n);
void fill_port(struct pass *ps, struct node *n);
void fill_device_request(struct pass *ps, struct node *n);
/* volume-spec.c: the target of a short volume, NULL when it isn't one. */
const char *volume_spec_target(struct pass *ps, const char *spec);

/* paths.c */
void resolve_paths(struct pass *ps, struct node *root);
struct node *resolve_path(struct pass *ps, struct node *n);
struct node *resolve_context(struct pass *ps, struct node *n);
struct node *resolve_extends(struct pass *ps, struct node *n);
struct node *resolve_unix(struct pass *ps, struct node *n);
struct node *resolve_watch(struct pass *ps, struct node *n);
struct node *resolve_mount(struct pass *ps, struct node *n);
struct node *resolve_volume(struct pass *ps, struct node *n);
/* Is it one that a builder fetches, or another service? */
bool is_remote_context(const char *s);
/* filepath.Rel: the way from one absolute directory to another. */
char *path_relative(const char *from, const char *to);

/* normalize.c */
void resolve_environment(struct pass *ps, struct node *root); /* list items without a value */
void normalize(struct pass *ps, struct node *root);

/* decode.c: typed values of the canonical tree. A secret's value, which stands in the tree as an
 * extension until then, becomes its `content`, which is never printed. */
#define SECRET_VALUE "x-#value"
struct node *decode_tree(struct pass *ps, struct node *root);

/* env-files.c: env_file and label_file of all active services. */
void read_env_files(struct pass *ps, struct node *root);
void read_label_files(struct pass *ps, struct node *root);

/* reach.c: what files of other machines would have of this one is allowed, or an error. */
void check_reaches(struct pass *ps);

/* select.c: profiles, services asked for, and what they need. */
void select_profiles(struct pass *ps);
int select_services(struct pass *ps);

/* consistency.c */
void check_consistency(struct pass *ps);
/* A hint with the nearest name of a map's keys. */
void hint_nearest(struct pass *ps, const char *name, const struct node *section);
void check_container_names(struct pass *ps);
void check_port_clashes(struct pass *ps); /* port-clash.c */

#endif
