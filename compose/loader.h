/* SPDX-License-Identifier: Apache-2.0 */
/* Files on their way into one tree. Private to load.c, find.c, extends.c and include.c. */
#ifndef COMPOSE_LOADER_H
#define COMPOSE_LOADER_H

#include "compose/pass.h"
#include "compose/yaml.h"

struct loaded_file {
	const struct source *source;
	struct yaml_docs docs;
};

/* The files that led to this one, by include. */
struct file_step {
	const struct file_step *up;
	const char *file;
};

/* Reads and parses; named_by (or NULL) is who named it, and why: "include", "extends". A finding
 * when it can't be read. */
int load_source(struct pass *ps, const char *path, const struct node *named_by, const char *why,
		struct loaded_file *ret);
/* For extends: one file on top of *tree (NULL: nothing yet) with no extends, no include, no check of
 * forms; *ret_resets has what it resets. */
int load_plain_file(struct pass *ps, const struct loaded_file *file, struct node **tree,
		    struct resets *ret_resets);
/* Files of a project or an inclusion, to one tree with defaults and resolved paths. */
int load_files(struct pass *ps, const struct loaded_file *files, size_t n,
	       const struct file_step *up, struct node **ret);

int apply_extends(struct pass *ps, struct node *doc, const struct source *file,
		  const struct resets *rs);
int apply_include(struct pass *ps, struct node *doc, const struct file_step *from);

int find_project(struct pass *ps);
int find_name(struct pass *ps, const struct loaded_file *files, size_t n);
/* Adds what the files set to env, which keeps what it has. */
int read_env_into(struct pass *ps, const struct strv *files, const struct var_maps *vars,
		  struct map *env, struct map *origins);

/* A path that a git or OCI remote would answer to. */
bool is_remote(const char *path);

#endif
