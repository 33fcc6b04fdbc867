/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON by jansson: bounded parsing, and tables that decode, encode and free C structs.
 *
 *	static const struct json_field fields[] = {
 *		JSON_FIELD(struct job, JSON_STR, id, "id", JSON_REQUIRED),
 *		JSON_FIELD(struct job, JSON_STRV, args, "args", 0),
 *		{ 0 },
 *	};
 *
 * Members that the table doesn't name are ignored (formats grow); wrong types are -ERR_INVALID, with
 * the member's path in the message. Encoding leaves out what is empty (NULL, "", 0, false, no members)
 * unless JSON_KEEP.
 */
#ifndef UTIL_JSON_H
#define UTIL_JSON_H

#include "util/error.h"
#include "util/map.h"
#include "util/strv.h"

#include <jansson.h>

#define JSON_DEPTH_MAX 512

static inline void json_putp(json_t **j)
{
	json_decref(*j);
	*j = NULL;
}
#define autojson autocall(json_putp) json_t

/* Objects, arrays, nothing else at the top; duplicate keys are refused; nesting is bounded. The message
 * says line and column of `what`. */
int json_parse(const char *p, size_t n, const char *what, json_t **ret, struct error *err);
/* Compact, keys in their order of insertion. Owned by the caller. */
char *json_text(const json_t *j);
char *json_text_pretty(const json_t *j); /* two blanks, as docker prints it */

/* NULL or the default when it is not there or of another type. */
const char *json_str(const json_t *obj, const char *key);
int64_t json_i64(const json_t *obj, const char *key, int64_t otherwise);
bool json_flag(const json_t *obj, const char *key);

enum json_kind {
	JSON_END = 0,
	JSON_STR,      /* char * */
	JSON_FLAG,     /* bool */
	JSON_I64,      /* int64_t */
	JSON_U64,      /* uint64_t */
	JSON_I32,      /* int */
	JSON_DOUBLE,   /* double */
	JSON_STRV,     /* struct strv */
	JSON_STRMAP,   /* struct map of strings */
	JSON_KEYS,     /* struct strv <- {"key": {}, ...} (OCI's sets) */
	JSON_STRUCT,   /* a struct, by sub */
	JSON_STRUCT_P, /* a pointer to a struct, by sub; NULL when absent */
	JSON_LIST,     /* VEC() of structs, by sub */
	JSON_RAW,      /* json_t *, a reference */
};

#define JSON_REQUIRED 1u
#define JSON_KEEP     2u
#define JSON_NULL_OK  4u /* null reads as absent (the default for all but required ones) */

struct json_field {
	const char *name;
	enum json_kind kind;
	unsigned flags;
	size_t offset;
	const struct json_field *sub;
	size_t sub_size;
};

#define JSON_FIELD(T, kind_, member, name_, flags_) \
	{ .name = (name_), .kind = (kind_), .flags = (flags_), .offset = offsetof(T, member) }
#define JSON_SUB(T, kind_, member, name_, flags_, sub_, S) \
	{ .name = (name_), .kind = (kind_), .flags = (flags_), .offset = offsetof(T, member), \
	  .sub = (sub_), .sub_size = sizeof(S) }

/* Fills a zeroed struct; on failure it is left zeroed. */
int json_decode(const json_t *j, const struct json_field *fields, void *ret, struct error *err);
json_t *json_encode(const struct json_field *fields, const void *p);
void json_free_fields(const struct json_field *fields, void *p); /* frees members, leaves it zeroed */

#endif
