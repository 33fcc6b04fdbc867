/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed growing arrays.
 *
 *	VEC(struct port) ports = { 0 };
 *	*vec_add(&ports) = (struct port){ .target = 80 };      the new element is zeroed
 *	vec_foreach(p, &ports) use(p);                         p is a struct port *
 *	vec_done(&ports);
 */
#ifndef UTIL_VEC_H
#define UTIL_VEC_H

#include "util/macro.h"

#include <string.h>

#define VEC(...)               \
	struct {               \
		__VA_ARGS__ *v; /* the first member: see autovec */ \
		size_t n, cap; \
	}

void *vec_grow_(void *v, size_t n, size_t *cap, size_t size);

#define vec_add(l)                                                                \
	({                                                                        \
		(l)->v = vec_grow_((l)->v, (l)->n, &(l)->cap, sizeof(*(l)->v));   \
		memset(&(l)->v[(l)->n], 0, sizeof(*(l)->v));                      \
		&(l)->v[(l)->n++];                                                \
	})
#define vec_foreach(x, l) \
	for (__typeof__((l)->v + 0) x = (l)->v; x && x < (l)->v + (l)->n; x++)
#define vec_remove(l, i)                                                                       \
	({                                                                                     \
		size_t i_ = (i);                                                               \
		memmove(&(l)->v[i_], &(l)->v[i_ + 1], ((l)->n - i_ - 1) * sizeof(*(l)->v)); \
		(l)->n--;                                                                      \
	})
/* Removes the element that equals x, where there is one; for elements that == compares. */
#define vec_forget(l, x)                                    \
	({                                                  \
		__auto_type x_ = (x);                       \
		for (size_t f_ = 0; f_ < (l)->n; f_++)      \
			if ((l)->v[f_] == x_) {             \
				vec_remove((l), f_);        \
				break;                      \
			}                                   \
	})
/* For vectors of what owns nothing, freed at the end of the scope: `autovec ip_vec taken = { 0 };` */
#define autovec autocall(freep)
#define vec_done(l)           \
	({                    \
		free((l)->v); \
		(l)->v = NULL; \
		(l)->n = (l)->cap = 0; \
	})

#endif
