/* SPDX-License-Identifier: Apache-2.0 */
/* Whole reads and writes, and files that are whole or absent whatever happens. All block. */
#ifndef UTIL_IO_H
#define UTIL_IO_H

#include "util/buf.h"

#include <sys/types.h>

int io_write_all(int fd, const void *p, size_t n, struct error *err);
/* Up to n bytes; *ret_n < n only at the end of the file. */
int io_read_full(int fd, void *p, size_t n, size_t *ret_n, struct error *err);
/* All of it, appended to out; more than out->max is -ERR_LIMIT. */
int io_read_fd(int fd, struct buf *out, struct error *err);
/* A regular file (a FIFO, device or directory is -ERR_INVALID, without blocking on it). */
int io_read_file(int dirfd, const char *path, struct buf *out, struct error *err);
/* path gets these bytes: a temporary file beside it, fsync, rename, fsync of the directory. Killed in the
 * middle it leaves a file IO_TEMP_PREFIX and 16 hex digits there, for whoever cleans that directory up. */
#define IO_TEMP_PREFIX ".tmp-"
int io_replace(int dirfd, const char *path, const void *p, size_t n, mode_t mode,
	       struct error *err);
/* The same without fsync: for what a reboot loses anyway (/run). */
int io_replace_fast(int dirfd, const char *path, const void *p, size_t n, mode_t mode,
		    struct error *err);
/* n bytes (UINT64_MAX: to the end) from one descriptor's position to another's, the cheapest way there is. */
int io_copy(int from, int to, uint64_t n, uint64_t *ret_n, struct error *err);

#endif
