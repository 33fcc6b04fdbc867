/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a COPY takes out of a tree: a walk in a fixed order (names by bytes) past what is ignored or
 * excluded. A directory that is taken only for what is in it (a pattern that includes, an exception
 * of .dockerignore) is entered when that is met.
 */
#ifndef BUILDER_WALK_H
#define BUILDER_WALK_H

#include "builder/ignore.h"
#include "builder/tree.h"

struct walk_entry {
	const struct tree_dir *dir; /* that it is in */
	size_t at;		    /* its layer there */
	const char *name;
	const char *path; /* from where the walk began */
	struct stat st;
};

struct walk_visitor {
	int (*enter)(void *userdata, const struct walk_entry *e, struct error *err);
	int (*leave)(void *userdata, const struct walk_entry *e, struct error *err);
	int (*entry)(void *userdata, const struct walk_entry *e, struct error *err);
	void *userdata;
};

struct walk_filter {
	const struct ignore *ignored; /* paths from the root of the tree */
	const struct ignore *include; /* paths from where the walk begins */
	const struct ignore *exclude;
	uint64_t *left; /* entries that may still be looked at, taken or not: then -ERR_LIMIT; NULL:
			   any number */
};

/* below: the path of dir from the root of the tree, "" for the root itself. */
int walk_tree(const struct tree_dir *dir, const char *below, const struct walk_filter *filter,
	      const struct walk_visitor *v, struct error *err);

#endif
