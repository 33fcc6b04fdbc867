/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is freed in one call: node trees, models, plans. Built with -DARENA_DEBUG each block is a
 * malloc of its own, so that valgrind and ASan see every overrun.
 */
#ifndef UTIL_ARENA_H
#define UTIL_ARENA_H

#include "util/str.h"

struct arena;
struct arena *arena_new(void);
struct arena *arena_free(struct arena *a);
DEFINE_FREEP(struct arena, arena_free);
void *arena_alloc(struct arena *a, size_t n); /* zeroed, aligned for anything */
void *arena_memdup(struct arena *a, const void *p, size_t n);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) printf_like(2, 3);
size_t arena_used(const struct arena *a); /* bytes given out */
#define arena_new_of(a, T) ((T *)arena_alloc((a), sizeof(T)))

#endif
