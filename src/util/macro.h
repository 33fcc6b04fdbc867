/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few macros of the whole tree: scope-bound clean-up, hand-over of ownership, sizes.
 *
 *	autofree char *s = xstrdup("x");            freed at the end of the scope
 *	autocall(store_freep) struct store *st = NULL;
 *	return TAKE_PTR(s);                         the caller owns it now
 */
#ifndef UTIL_MACRO_H
#define UTIL_MACRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define ARRAY_SIZE(a)	       (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)	       ((a) < (b) ? (a) : (b))
#define MAX(a, b)	       ((a) > (b) ? (a) : (b))
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))
#define container_of(p, T, m)  ((T *)((char *)(p)-offsetof(T, m)))

#define autocall(f) __attribute__((cleanup(f)))
#define autofree    autocall(freep)

#define TAKE_PTR(p)                      \
	({                               \
		__auto_type take_ = (p); \
		(p) = NULL;              \
		take_;                   \
	})

#define TAKE_FD(fd)             \
	({                      \
		int take_ = fd; \
		(fd) = -1;      \
		take_;          \
	})

/* Defines x_freep() for autocall() from a `T *x_free(T *)` that returns NULL. */
#define DEFINE_FREEP(T, free_fn)                \
	static inline void free_fn##p(T **p)    \
	{                                       \
		if (*p)                         \
			*p = free_fn(*p);       \
	}                                       \
	struct free_fn##_needs_a_semicolon

static inline void freep(void *p)
{
	free(*(void **)p);
	*(void **)p = NULL;
}

/* Zeroed memory, never NULL: out of memory ends the process. Sizes that come from outside are held
 * against a limit before they get here. */
void *xalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
void *xmemdup(const void *p, size_t n);
char *xprintf(const char *fmt, ...) printf_like(1, 2);
#define xnew(T)	      ((T *)xalloc(1, sizeof(T)))
#define xnewn(T, n)   ((T *)xalloc((n), sizeof(T)))
#define xstrdup0(s)   ((s) ? xstrdup(s) : NULL)

#endif
