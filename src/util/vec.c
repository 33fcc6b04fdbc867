/* SPDX-License-Identifier: Apache-2.0 */
#include "util/vec.h"

void *vec_grow_(void *v, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return v;
	*cap = *cap ? *cap * 2 : 4;
	return xrealloc(v, *cap, size);
}
