/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Root filesystems as layers in overlayfs's form (whiteouts are 0/0 devices, opaque directories
 * have an attribute), read without a mount, by descriptors of directories: no symlink is ever
 * followed by the kernel, so that nothing leads out of the tree. A build context is a tree of one
 * layer. Written is only a place: a directory of an upper layer over what lies below it. All of it
 * blocks.
 */
#ifndef BUILDER_TREE_H
#define BUILDER_TREE_H

#include "util/fd.h"
#include "util/strv.h"

#include <sys/stat.h>

#define LIMIT_TREE_LINKS 40   /* symlinks of one path */
#define LIMIT_TREE_DEPTH 1024 /* directories below each other */

struct tree;
/* Directories of layers, the bottom first; there may be none. */
int tree_open(const struct strv *layers, struct tree **ret, struct error *err);
struct tree *tree_free(struct tree *t);
DEFINE_FREEP(struct tree, tree_free);

/* One directory: a descriptor for each layer that has a part in it, the top first. Owns them. */
struct tree_dir {
	int *fds;
	size_t n;
	bool noted; /* who owns what is in notes (util/filenote.h) */
};
void tree_dir_done(struct tree_dir *d);
#define autotreedir __attribute__((cleanup(tree_dir_done))) struct tree_dir

int tree_root(const struct tree *t, struct tree_dir *ret, struct error *err);
/* lstat of an entry: 1 and where it is (an index of fds), 0 when it is not there. */
int tree_dir_stat(const struct tree_dir *d, const char *name, struct stat *ret, size_t *ret_at,
		  struct error *err);
/* An entry that is a directory itself (-ERR_INVALID when it is something else, -ERR_NOT_FOUND). */
int tree_dir_enter(const struct tree_dir *d, const char *name, struct tree_dir *ret,
		   struct error *err);
/* Names, sorted, without "." and "..". */
int tree_dir_list(const struct tree_dir *d, struct strv *ret, struct error *err);
/* For reading; never blocks on a FIFO. */
int tree_dir_open_file(const struct tree_dir *d, const char *name, size_t at, int *ret_fd,
		       struct error *err);
int tree_dir_readlink(const struct tree_dir *d, const char *name, size_t at, char **ret,
		      struct error *err);

struct tree_path {
	char *path; /* absolute, no symlink in it (but for the last one, when that was not followed)
		     */
	struct stat st; /* when it exists */
	bool exists;
	bool in_file; /* a component before the last is no directory */
};
/* Follows symlinks as chroot would; `..` stops at the root. What does not exist is appended as it
 * is. */
int tree_resolve(const struct tree *t, const char *path, bool follow_last, struct tree_path *ret,
		 struct error *err);
void tree_path_done(struct tree_path *p);
#define autotreepath __attribute__((cleanup(tree_path_done))) struct tree_path
/* The directory of a path that tree_resolve() gave. */
int tree_enter(const struct tree *t, const char *path, struct tree_dir *ret, struct error *err);
/* A small file's bytes, symlinks followed: 1, or 0 when there is none. */
int tree_read_file(const struct tree *t, const char *path, size_t max, struct buf *out,
		   struct error *err);

/* The path of an open directory, owned by the caller. */
int fd_path(int fd, char **ret, struct error *err);

/* ---- writing ---- */

struct place {
	int fd;		       /* of the upper layer */
	struct tree_dir lower; /* n 0: nothing lies below */
	bool noted;	       /* so is the upper */
};
#define PLACE_INIT ((struct place){ .fd = -1 })
void place_done(struct place *p);
/* The upper's root takes mode and owner of the root below it. upper: a directory, whose descriptor
 * is kept by the place. */
int place_root(const struct tree *lower, const char *upper, struct place *ret, struct error *err);
int place_stat(const struct place *p, const char *name, struct stat *ret, struct error *err);
/* An existing directory, copied up when it lies below only. */
int place_enter(const struct place *p, const char *name, struct place *ret, struct error *err);
/* A new one, 0700 and ours until its owner and mode are set. What had the name must have been
 * removed. */
int place_mkdir(const struct place *p, const char *name, struct place *ret, struct error *err);
/* The entry is no longer there (a whiteout hides one below). Nothing there is success. */
int place_remove(const struct place *p, const char *name, struct error *err);
/* Makes room for something that is no directory: removes what the upper has, since a new entry
 * hides what is below. */
int place_clear(const struct place *p, const char *name, struct error *err);

/* What lies below a directory of the upper no longer shows through it. */
int place_set_opaque(int fd, struct error *err);

/* Extended attributes but for overlayfs's own, from one open file or directory to another, which is
 * in a noted tree or not. */
int tree_copy_xattrs(int from, int to, bool noted, struct error *err);

#endif
