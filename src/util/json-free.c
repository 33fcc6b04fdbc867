/* SPDX-License-Identifier: Apache-2.0 */
#include "util/json-kind.h"

typedef void (*free_fn)(const struct json_field *f, void *base);

static void free_str(const struct json_field *f, void *base)
{
	freep(MEMBER(char *, base, f));
}

static void free_flag(const struct json_field *f, void *base)
{
	*MEMBER(bool, base, f) = false;
}

static void free_64(const struct json_field *f, void *base)
{
	*MEMBER(int64_t, base, f) = 0;
}

static void free_i32(const struct json_field *f, void *base)
{
	*MEMBER(int, base, f) = 0;
}

static void free_double(const struct json_field *f, void *base)
{
	*MEMBER(double, base, f) = 0;
}

static void free_strv(const struct json_field *f, void *base)
{
	strv_done(MEMBER(struct strv, base, f));
}

static void free_strmap(const struct json_field *f, void *base)
{
	struct map *m = MEMBER(struct map, base, f);

	map_done(m);
	map_init(m, NULL);
}

static void free_object(const struct json_field *f, void *base)
{
	json_free_fields(f->sub, MEMBER(char, base, f));
}

static void free_object_p(const struct json_field *f, void *base)
{
	void **p = MEMBER(void *, base, f);

	if (*p)
		json_free_fields(f->sub, *p);
	freep(p);
}

static void free_list(const struct json_field *f, void *base)
{
	struct json_list *l = MEMBER(struct json_list, base, f);

	for (size_t i = 0; i < l->n; i++)
		json_free_fields(f->sub, l->v + i * f->sub_size);
	vec_done(l);
}

static void free_raw(const struct json_field *f, void *base)
{
	json_putp(MEMBER(json_t *, base, f));
}

static const free_fn frees[] = {
	[JSON_STR] = free_str,	     [JSON_FLAG] = free_flag,	      [JSON_I64] = free_64,
	[JSON_U64] = free_64,	     [JSON_I32] = free_i32,	      [JSON_DOUBLE] = free_double,
	[JSON_STRV] = free_strv,     [JSON_STRMAP] = free_strmap,     [JSON_KEYS] = free_strv,
	[JSON_STRUCT] = free_object, [JSON_STRUCT_P] = free_object_p, [JSON_LIST] = free_list,
	[JSON_RAW] = free_raw,
};

void json_free_fields(const struct json_field *fields, void *p)
{
	for (const struct json_field *f = fields; f->kind != JSON_END; f++)
		frees[f->kind](f, p);
}
