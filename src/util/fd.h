/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: all are O_CLOEXEC from birth, and "none" is -1. */
#ifndef UTIL_FD_H
#define UTIL_FD_H

#include "util/error.h"

int fd_close(int fd); /* keeps errno, returns -1: fd = fd_close(fd) */
static inline void fd_closep(int *fd) { *fd = fd_close(*fd); }
#define autoclose autocall(fd_closep)

int fd_pipe(int ret_fds[2], struct error *err);
int fd_nonblock(int fd, bool on, struct error *err);
/* A memfd with these bytes, at offset 0, sealed against change. */
int fd_of_bytes(const char *name, const void *p, size_t n, int *ret_fd, struct error *err);
/* flock(2): 1 got it, 0 somebody else has it (only with wait false). EINTR is retried. */
int fd_lock(int fd, bool exclusive, bool wait, struct error *err);

#endif
