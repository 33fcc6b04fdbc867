/* SPDX-License-Identifier: Apache-2.0 */
/* What json-decode.c, json-encode.c and json-free.c share: how a member is reached. */
#ifndef UTIL_JSON_KIND_H
#define UTIL_JSON_KIND_H

#include "util/json.h"
#include "util/vec.h"

/* Any VEC(). */
struct json_list {
	char *v;
	size_t n, cap;
};

#define MEMBER(T, base, field) ((T *)(void *)((char *)(base) + (field)->offset))
#define CONST_MEMBER(T, base, field) \
	((T const *)(const void *)((const char *)(base) + (field)->offset))

#endif
