/* SPDX-License-Identifier: Apache-2.0 */
#include "util/buf.h"

#include <stdarg.h>
#include <stdio.h>

/* What p points at while nothing is allocated (cap is 0): never written. */
static const char nothing[1];

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .p = (char *)nothing, .max = MIN(max, BUF_MAX_ANY) };
}

void buf_done(struct buf *b)
{
	if (b->cap)
		free(b->p);
	buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->cap)
		b->p[0] = '\0';
}

char *buf_steal(struct buf *b)
{
	char *p = b->cap ? b->p : xstrdup("");

	buf_init(b, b->max);
	return p;
}

int buf_check(const struct buf *b, const char *what, struct error *err)
{
	if (!b->failed)
		return 0;
	return error_set(err, ERR_LIMIT, "%s: larger than %zu bytes", what, b->max);
}

char *buf_reserve(struct buf *b, size_t n)
{
	size_t want, cap;

	if (b->failed || n > b->max - b->len) {
		b->failed = true;
		return NULL;
	}
	want = b->len + n + 1;
	if (want > b->cap) {
		cap = MAX(b->cap * 2, (size_t)64);
		cap = MAX(MIN(cap, b->max + 1), want);
		b->p = xrealloc(b->cap ? b->p : NULL, cap, 1);
		b->cap = cap;
	}
	b->p[b->len] = '\0';
	return b->p + b->len;
}

void buf_added(struct buf *b, size_t n)
{
	if (!n)
		return;
	b->len += n;
	b->p[b->len] = '\0';
}

int buf_add(struct buf *b, const void *p, size_t n)
{
	char *to;

	if (!n)
		return b->failed ? -ERR_LIMIT : 0;
	to = buf_reserve(b, n);
	if (!to)
		return -ERR_LIMIT;
	memcpy(to, p, n);
	buf_added(b, n);
	return 0;
}

int buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int buf_addstr(struct buf *b, struct str s)
{
	return buf_add(b, s.p, s.n);
}

int buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int buf_addn(struct buf *b, char c, size_t times)
{
	char *to = buf_reserve(b, times);

	if (!to)
		return -ERR_LIMIT;
	memset(to, c, times);
	buf_added(b, times);
	return 0;
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *to;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	to = n < 0 ? NULL : buf_reserve(b, (size_t)n);
	if (!to)
		return -ERR_LIMIT;
	va_start(ap, fmt);
	vsnprintf(to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf_added(b, (size_t)n);
	return 0;
}

int buf_insert(struct buf *b, size_t at, const void *p, size_t n)
{
	if (!n)
		return b->failed ? -ERR_LIMIT : 0;
	if (!buf_reserve(b, n))
		return -ERR_LIMIT;
	memmove(b->p + at + n, b->p + at, b->len - at);
	memcpy(b->p + at, p, n);
	buf_added(b, n);
	return 0;
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len >= b->len)
		return;
	b->len = len;
	b->p[len] = '\0';
}

void buf_consume(struct buf *b, size_t n)
{
	n = MIN(n, b->len);
	if (!n)
		return;
	memmove(b->p, b->p + n, b->len - n);
	buf_truncate(b, b->len - n);
}
