/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors. `int f(..., T *ret_x, struct error *err)` returns 0 or -enum err_code; a positive value
 * only for an answer that its contract names. An error is made once, where it happens, and gains a
 * noun that the user knows on its way up (error_wrap). Success leaves *err alone, failure leaves
 * every ret_ alone. `err` may be NULL for a caller that branches on the code alone.
 *
 * A struct error owns nothing: copy it freely.
 */
#ifndef UTIL_ERROR_H
#define UTIL_ERROR_H

#include "util/macro.h"

#include <stdarg.h>

enum err_code {
	ERR_INVALID = 1, /* what the user or a peer gave is wrong */
	ERR_NOT_FOUND,
	ERR_EXISTS,
	ERR_UNSUPPORTED, /* understood, and not done here */
	ERR_SYS,	 /* a system call failed: sys is its errno */
	ERR_NO_SPACE,
	ERR_NETWORK, /* a peer could not be reached, or went away */
	ERR_AUTH,    /* not known, or not allowed, by a peer */
	ERR_LIMIT,   /* larger than a LIMIT_* */
	ERR_TIMEOUT,
	ERR_CANCELLED,
	ERR_CONFLICT, /* in use, taken, or changed by someone else */
	ERR_CORRUPT,  /* does not have the digest, size or form that it must have */
	ERR_CHILD,    /* a program that was run failed */
	ERR_INTERNAL,
	ERR_COUNT_,
};

struct error_pos {
	char file[256]; /* "" when there is none */
	unsigned line, column;
};

struct error {
	enum err_code code;
	int sys;       /* errno, or 0 */
	int exit_code; /* ERR_CHILD: of the program; 0 otherwise */
	struct error_pos pos;
	char msg[2048];
};

#define ERROR_INIT ((struct error){ 0 })

/* Each returns -code, so that `return error_set(...)` reads well. */
int error_set(struct error *err, enum err_code code, const char *fmt, ...) printf_like(3, 4);
int error_vset(struct error *err, enum err_code code, const char *fmt, va_list ap)
	printf_like(3, 0);

/* From errno, which it also keeps: ENOSPC and EDQUOT become ERR_NO_SPACE, ENOENT ERR_NOT_FOUND, the
 * rest ERR_SYS. Appends ": " and strerror(). */
int error_sys(struct error *err, const char *fmt, ...) printf_like(2, 3);
int error_sys_from(struct error *err, int sys, const char *fmt, ...) printf_like(3, 4);

/* Puts "noun: " before the message; returns -err->code. */
int error_wrap(struct error *err, const char *fmt, ...) printf_like(2, 3);

/* Says where; keeps a place that is there already. Returns -err->code. */
int error_at(struct error *err, const char *file, unsigned line, unsigned column);

/* "not-found", ... for JSON output; never NULL. */
const char *err_code_name(enum err_code code);

#endif
