/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths as text (no system call: Go's path/filepath rules, which Compose's are), and paths as
 * something to open safely: everything inside a root filesystem, a volume or a build context is opened
 * through path_open_in(), with openat2(2), or a walk of our own where the kernel or a filter refuses it.
 */
#ifndef UTIL_PATH_H
#define UTIL_PATH_H

#include "util/error.h"
#include "util/strv.h"

#include <sys/types.h>

char *path_clean(const char *path); /* filepath.Clean */
char *path_join(const char *dir, const char *name); /* filepath.Join: cleaned */
char *path_absolute(const char *dir, const char *path); /* path if absolute, else joined to dir */
char *path_dir(const char *path);   /* filepath.Dir */
char *path_base(const char *path);  /* filepath.Base */
/* target relative to dir (both clean and absolute; "." for dir itself), NULL when it is not below it. */
const char *path_below(const char *dir, const char *target);

enum path_scope {
	PATH_IN_ROOT, /* RESOLVE_IN_ROOT: absolute symlinks and .. stay inside, as after chroot */
	PATH_BENEATH, /* RESOLVE_BENEATH: whatever would leave is -ERR_INVALID (sys EXDEV) */
};

/* open(2) of path inside the directory dirfd. flags as for open; O_CLOEXEC is added. Magic links are never
 * followed. *ret_fd is owned by the caller. */
int path_open_in(int dirfd, enum path_scope scope, const char *path, int flags, mode_t mode,
		 int *ret_fd, struct error *err);
/* For tests: never openat2. */
extern bool path_no_openat2;

/* mkdir -p below dirfd (AT_FDCWD and an absolute path are fine for paths that are ours). */
int path_mkdirs(int dirfd, const char *path, mode_t mode, struct error *err);
/* Removes a tree; "not there" is success; never follows a symlink, never crosses a mount. */
int path_remove_tree(int dirfd, const char *path, struct error *err);
bool path_exists(const char *path);

#endif
