/* SPDX-License-Identifier: Apache-2.0 */
#include "util/arena.h"

#include <stdarg.h>
#include <stdio.h>

#ifdef ARENA_DEBUG
#define CHUNK_MIN 0
#else
#define CHUNK_MIN 8192
#endif
#define CHUNK_MAX (1024 * 1024)
#define ALIGNMENT _Alignof(max_align_t)

struct chunk {
	struct chunk *next;
	size_t used, cap;
	_Alignas(max_align_t) char p[];
};

struct arena {
	struct chunk *chunks; /* the first is the one in use */
	size_t used, next_cap;
};

struct arena *arena_new(void)
{
	struct arena *a = xnew(struct arena);

	a->next_cap = CHUNK_MIN;
	return a;
}

struct arena *arena_free(struct arena *a)
{
	struct chunk *next;

	if (!a)
		return NULL;
	for (struct chunk *c = a->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
	free(a);
	return NULL;
}

/* What is larger than a chunk gets one of its own, behind the one in use, which stays in use. */
static struct chunk *chunk_for(struct arena *a, size_t n)
{
	struct chunk *c = a->chunks, *fresh;

	if (c && n <= c->cap - c->used)
		return c;
	fresh = xalloc(1, sizeof(*fresh) + MAX(n, a->next_cap));
	fresh->cap = MAX(n, a->next_cap);
	if (c && n > a->next_cap) {
		fresh->next = c->next;
		c->next = fresh;
		return fresh;
	}
	fresh->next = c;
	a->chunks = fresh;
	a->next_cap = MIN(a->next_cap * 2, (size_t)CHUNK_MAX);
	return fresh;
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct chunk *c = chunk_for(a, n);
	void *p = c->p + c->used;

	a->used += n;
	c->used = MIN((c->used + n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, c->cap);
	return p;
}

void *arena_memdup(struct arena *a, const void *p, size_t n)
{
	void *q = arena_alloc(a, n);

	if (n)
		memcpy(q, p, n);
	return q;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_memdup(a, s, strlen(s) + 1);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *t;

	n = n ? strnlen(s, n) : 0;
	t = arena_alloc(a, n + 1);
	if (n)
		memcpy(t, s, n);
	return t;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	s = arena_alloc(a, (size_t)MAX(n, 0) + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)MAX(n, 0) + 1, fmt, ap);
	va_end(ap);
	return s;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
