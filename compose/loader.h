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
	const struct source *file;
};

/* Where a file is, in the arena. */
struct file_name {
	const char *path;	     /* absolute, or "-" */
	const struct remote *remote; /* that it came with; NULL: a file of this machine */
};

/* What was written for a file: a path, relative to ps->load_dir (the user's own: to the working
 * directory), or what is fetched. named_by (NULL: the user) is who named it, and why: "include",
 * "extends". */
int find_file(struct pass *ps, const char *written, const struct node *named_by, const char *why,
	      struct file_name *ret);
/* Reads and parses. A finding when it can't be read. */
int load_source(struct pass *ps, const struct file_name *file, const struct node *named_by,
		const char *why, struct loaded_file *ret);
/* Does the user consent to all of them? If not, an error for each. */
bool reaches_allowed(struct pass *ps, const struct reach *v, size_t n);
/* Keeps in mind what variables a document of another machine names. */
void note_variables(struct pass *ps, const struct node *doc);
/* var_maps_get() of ps->vars, for such files; userdata is the pass. */
const char *var_maps_get_noted(void *userdata, const char *name, const char **ret_origin);

/* For extends: one file on top of *tree (NULL: nothing yet) with no extends, no include, no check
 * of forms; *ret_resets has what it resets. */
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
int read_env_into(struct pass *ps, const struct strv *files, struct var_lookup vars,
		  struct map *env, struct map *origins);

#endif
