/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a tree whose maker may not give them away, nor make devices: what each should be is
 * noted in an attribute of the file, user.compose.file, and the tree's root has user.compose.noted.
 * Such a file is ours, and we can read and write it; a device is an empty file in its place.
 * Symlinks, FIFOs and sockets can have no attribute: they are root's.
 *
 * `noted` says which kind of tree a file is in. In the other kind nothing here differs from the
 * system calls. Functions return 0, or -1 and errno.
 */
#ifndef UTIL_FILENOTE_H
#define UTIL_FILENOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

bool filenote_tree(int dirfd);
int filenote_mark_tree(int dirfd);

/* Owner, then mode (which chown would change). */
int filenote_own(int fd, bool noted, uid_t uid, gid_t gid, mode_t mode);
/* Of what can't be opened: symlinks, devices. */
int filenote_own_at(int dirfd, const char *name, bool noted, uid_t uid, gid_t gid);
int filenote_mknod(int dirfd, const char *name, bool noted, mode_t mode, dev_t dev);
/* After lstat in a noted tree: what it should be. */
void filenote_apply(int dirfd, const char *name, struct stat *st);
int filenote_stat(int dirfd, const char *name, bool noted, struct stat *st); /* lstat and that */
int filenote_fstat(int fd, bool noted, struct stat *st);

/* Overlayfs's opaque directories, with whichever attribute may be set. */
int filenote_set_opaque(int fd);
bool filenote_is_opaque(int fd);

/* File capabilities are noted, too, where they may not be set. */
int filenote_setxattr(int fd, bool noted, const char *name, const void *value, size_t n);
/* What an attribute of the file stands for: its own name, "security.capability" for the note of
 * one, NULL for ours and overlayfs's. */
const char *filenote_xattr(const char *name);

#endif
