/* SPDX-License-Identifier: Apache-2.0 */
#include "util/json-kind.h"

/* The value of a member, or NULL for one that is empty and may be left out (keep false). */
typedef json_t *(*encode_fn)(const struct json_field *f, const void *base, bool keep);

/* Bytes that are no UTF-8 (a file's name, say) can't be written in JSON: they become U+FFFD. */
static json_t *string(const char *s)
{
	json_t *j = json_string(s);
	autobuf b;

	buf_init(&b, BUF_MAX_ANY);
	if (j)
		return j;
	for (; *s; s++) {
		if (*s & 0x80)
			buf_adds(&b, "\xef\xbf\xbd");
		else
			buf_addc(&b, *s);
	}
	return json_string(b.p);
}

static json_t *encode_str(const struct json_field *f, const void *base, bool keep)
{
	const char *s = *CONST_MEMBER(char *, base, f);

	return keep || (s && *s) ? string(s ? s : "") : NULL;
}

static json_t *encode_flag(const struct json_field *f, const void *base, bool keep)
{
	bool v = *CONST_MEMBER(bool, base, f);

	return keep || v ? json_boolean(v) : NULL;
}

static json_t *encode_i64(const struct json_field *f, const void *base, bool keep)
{
	int64_t v = *CONST_MEMBER(int64_t, base, f);

	return keep || v ? json_integer(v) : NULL;
}

static json_t *encode_u64(const struct json_field *f, const void *base, bool keep)
{
	uint64_t v = *CONST_MEMBER(uint64_t, base, f);

	return keep || v ? json_integer((json_int_t)MIN(v, (uint64_t)INT64_MAX)) : NULL;
}

static json_t *encode_i32(const struct json_field *f, const void *base, bool keep)
{
	int v = *CONST_MEMBER(int, base, f);

	return keep || v ? json_integer(v) : NULL;
}

static json_t *encode_double(const struct json_field *f, const void *base, bool keep)
{
	double v = *CONST_MEMBER(double, base, f);

	return keep || v < 0 || v > 0 ? json_real(v) : NULL;
}

static json_t *encode_strv(const struct json_field *f, const void *base, bool keep)
{
	const struct strv *l = CONST_MEMBER(struct strv, base, f);
	json_t *j = keep || l->n ? json_array() : NULL;

	strv_foreach (s, l)
		json_array_append_new(j, string(s));
	return j;
}

static json_t *encode_strmap(const struct json_field *f, const void *base, bool keep)
{
	const struct map *m = CONST_MEMBER(struct map, base, f);
	json_t *j = keep || m->n ? json_object() : NULL;

	map_foreach (x, m)
		json_object_set_new(j, x->key, x->value ? string(x->value) : json_null());
	return j;
}

static json_t *encode_keys(const struct json_field *f, const void *base, bool keep)
{
	const struct strv *l = CONST_MEMBER(struct strv, base, f);
	json_t *j = keep || l->n ? json_object() : NULL;

	strv_foreach (s, l)
		json_object_set_new(j, s, json_object());
	return j;
}

static json_t *encode_object(const struct json_field *f, const void *base, bool keep)
{
	json_t *j = json_encode(f->sub, CONST_MEMBER(char, base, f));

	if (keep || json_object_size(j))
		return j;
	json_decref(j);
	return NULL;
}

static json_t *encode_object_p(const struct json_field *f, const void *base, bool keep)
{
	const void *p = *CONST_MEMBER(void *, base, f);

	return p ? json_encode(f->sub, p) : keep ? json_null() : NULL;
}

static json_t *encode_list(const struct json_field *f, const void *base, bool keep)
{
	const struct json_list *l = CONST_MEMBER(struct json_list, base, f);
	json_t *j = keep || l->n ? json_array() : NULL;

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(j, json_encode(f->sub, l->v + i * f->sub_size));
	return j;
}

static json_t *encode_raw(const struct json_field *f, const void *base, bool keep)
{
	json_t *j = *CONST_MEMBER(json_t *, base, f);

	return j ? json_incref(j) : keep ? json_null() : NULL;
}

static const encode_fn encoders[] = {
	[JSON_STR] = encode_str,	   [JSON_FLAG] = encode_flag,
	[JSON_I64] = encode_i64,	   [JSON_U64] = encode_u64,
	[JSON_I32] = encode_i32,	   [JSON_DOUBLE] = encode_double,
	[JSON_STRV] = encode_strv,	   [JSON_STRMAP] = encode_strmap,
	[JSON_KEYS] = encode_keys,	   [JSON_STRUCT] = encode_object,
	[JSON_STRUCT_P] = encode_object_p, [JSON_LIST] = encode_list,
	[JSON_RAW] = encode_raw,
};

json_t *json_encode(const struct json_field *fields, const void *p)
{
	json_t *obj = json_object(), *j;

	for (const struct json_field *f = fields; f->kind != JSON_END; f++) {
		j = encoders[f->kind](f, p, f->flags & JSON_KEEP);
		if (j)
			json_object_set_new(obj, f->name, j);
	}
	return obj;
}
