/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UTIL_PATH_WALK_H
#define UTIL_PATH_WALK_H

#include "util/path.h"

/* What openat2(2) does for path_open_in(), a component at a time: a descriptor, or -1 and errno
 * (EXDEV for what leaves a PATH_BENEATH). It is a little stricter: no symlink of /proc is followed,
 * magic or not. */
int path_walk(int dirfd, enum path_scope scope, const char *path, int flags, mode_t mode);

#endif
