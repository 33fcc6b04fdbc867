/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer that is born with its maximum. `p` is always NUL-terminated (never NULL);
 * the NUL is not counted. An append that would pass the maximum appends nothing, sets `failed` and
 * returns -ERR_LIMIT; all later appends fail too, so a run of them is checked once, at its end, with
 * buf_check().
 */
#ifndef UTIL_BUF_H
#define UTIL_BUF_H

#include "util/error.h"
#include "util/str.h"

#define BUF_MAX_ANY (SIZE_MAX / 4) /* for what is ours and bounded elsewhere */

struct buf {
	char *p;
	size_t len, cap, max;
	bool failed;
};

void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);	       /* frees; leaves an empty buffer that may be used again */
void buf_reset(struct buf *b);	       /* empties, keeps the memory */
char *buf_steal(struct buf *b);	       /* owned by the caller; leaves it empty */
int buf_check(const struct buf *b, const char *what, struct error *err);

int buf_add(struct buf *b, const void *p, size_t n);
int buf_adds(struct buf *b, const char *s);
int buf_addstr(struct buf *b, struct str s);
int buf_addc(struct buf *b, char c);
int buf_addn(struct buf *b, char c, size_t times);
int buf_addf(struct buf *b, const char *fmt, ...) printf_like(2, 3);
int buf_insert(struct buf *b, size_t at, const void *p, size_t n);
void buf_truncate(struct buf *b, size_t len);
void buf_consume(struct buf *b, size_t n); /* drops the first n bytes */
/* Room for n more bytes at p + len, NULL past the maximum; buf_added() tells how many were used. */
char *buf_reserve(struct buf *b, size_t n);
void buf_added(struct buf *b, size_t n);
static inline struct str buf_str(const struct buf *b) { return (struct str){ b->p, b->len }; }

#define autobuf __attribute__((cleanup(buf_done))) struct buf

#endif
