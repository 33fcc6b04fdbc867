/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory that an archive is unpacked into. Every name is opened inside it as after a chroot
 * (path_open_in): a symlink that an earlier member made leads nowhere but into the directory
 * itself.
 */
#ifndef REGISTRY_UNPACK_TREE_H
#define REGISTRY_UNPACK_TREE_H

#include "util/strv.h"

#include <sys/stat.h>

struct tree {
	int root;	   /* borrowed */
	char *at;	   /* the directory that fd is, or NULL */
	int fd;		   /* cached: members of one directory follow each other */
	struct strv made;  /* directories that no member named (yet), by path */
	bool was_whiteout; /* what the last tree_clear() removed */
	bool noted;	   /* owners are noted (util/filenote.h) */
};

void tree_init(struct tree *t, int root);
void tree_done(struct tree *t);

/*
 * The directory of a clean path, and its last part (within path). Makes directories that are
 * missing (0755, root's) when `make`; else -ERR_NOT_FOUND. *ret_fd is borrowed, valid until the
 * next call.
 */
int tree_parent(struct tree *t, const char *path, bool make, int *ret_fd, const char **ret_base,
		struct error *err);
/* Makes room for a new member: 0, and nothing is called `base` any more; 1: it is a directory, as
 * the new one is. */
int tree_clear(struct tree *t, int parent, const char *base, bool for_dir, struct error *err);
/* Opens a directory that a member named; never through a symlink as its last part. */
int tree_open_dir(struct tree *t, const char *path, int *ret_fd, struct error *err);

#endif
