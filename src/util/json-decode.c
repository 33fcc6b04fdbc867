/* SPDX-License-Identifier: Apache-2.0 */
#include "util/json-kind.h"

#include <limits.h>

/* Where we are, for messages: a list from the innermost outwards. */
struct place {
	const struct place *up;
	const char *name; /* NULL: an element */
	size_t index;
};

typedef int (*decode_fn)(const json_t *j, const struct json_field *f, void *base,
			 const struct place *at, struct error *err);

static int decode_struct(const json_t *j, const struct json_field *fields, void *base,
			 const struct place *at, struct error *err);

static void add_place(struct buf *b, const struct place *at)
{
	if (!at)
		return;
	add_place(b, at->up);
	if (at->name)
		buf_addf(b, "%s%s", b->len ? "." : "", at->name);
	else
		buf_addf(b, "[%zu]", at->index);
}

static int complain(const struct place *at, const char *what, struct error *err)
{
	autobuf b;

	buf_init(&b, 1024);
	add_place(&b, at);
	return error_set(err, ERR_INVALID, "%s %s", b.len ? b.p : "the document", what);
}

static int decode_str(const json_t *j, const struct json_field *f, void *base,
		      const struct place *at, struct error *err)
{
	if (!json_is_string(j))
		return complain(at, "must be a string", err);
	*MEMBER(char *, base, f) = xstrdup(json_string_value(j));
	return 0;
}

static int decode_flag(const json_t *j, const struct json_field *f, void *base,
		       const struct place *at, struct error *err)
{
	if (!json_is_boolean(j))
		return complain(at, "must be true or false", err);
	*MEMBER(bool, base, f) = json_is_true(j);
	return 0;
}

static int decode_i64(const json_t *j, const struct json_field *f, void *base,
		      const struct place *at, struct error *err)
{
	if (!json_is_integer(j))
		return complain(at, "must be an integer", err);
	*MEMBER(int64_t, base, f) = json_integer_value(j);
	return 0;
}

static int decode_u64(const json_t *j, const struct json_field *f, void *base,
		      const struct place *at, struct error *err)
{
	if (!json_is_integer(j) || json_integer_value(j) < 0)
		return complain(at, "must be an integer that is not negative", err);
	*MEMBER(uint64_t, base, f) = (uint64_t)json_integer_value(j);
	return 0;
}

static int decode_i32(const json_t *j, const struct json_field *f, void *base,
		      const struct place *at, struct error *err)
{
	json_int_t v = json_integer_value(j);

	if (!json_is_integer(j) || v < INT_MIN || v > INT_MAX)
		return complain(at, "must be an integer of 32 bits", err);
	*MEMBER(int, base, f) = (int)v;
	return 0;
}

static int decode_double(const json_t *j, const struct json_field *f, void *base,
			 const struct place *at, struct error *err)
{
	if (!json_is_number(j))
		return complain(at, "must be a number", err);
	*MEMBER(double, base, f) = json_number_value(j);
	return 0;
}

static int decode_strv(const json_t *j, const struct json_field *f, void *base,
		       const struct place *at, struct error *err)
{
	struct place here = { .up = at };
	const json_t *x;

	if (!json_is_array(j))
		return complain(at, "must be a list of strings", err);
	json_array_foreach (j, here.index, x) {
		if (!json_is_string(x))
			return complain(&here, "must be a string", err);
		strv_push(MEMBER(struct strv, base, f), json_string_value(x));
	}
	return 0;
}

static int decode_strmap(const json_t *j, const struct json_field *f, void *base,
			 const struct place *at, struct error *err)
{
	struct place here = { .up = at };
	json_t *x;

	if (!json_is_object(j))
		return complain(at, "must be a mapping of strings", err);
	json_object_foreach ((json_t *)j, here.name, x) {
		if (!json_is_string(x) && !json_is_null(x))
			return complain(&here, "must be a string", err);
		strmap_set(MEMBER(struct map, base, f), here.name, json_string_value(x));
	}
	return 0;
}

static int decode_keys(const json_t *j, const struct json_field *f, void *base,
		       const struct place *at, struct error *err)
{
	const char *key;
	json_t *x;

	if (!json_is_object(j))
		return complain(at, "must be a mapping", err);
	json_object_foreach ((json_t *)j, key, x)
		strv_push(MEMBER(struct strv, base, f), key);
	return 0;
}

static int decode_object(const json_t *j, const struct json_field *f, void *base,
			 const struct place *at, struct error *err)
{
	return decode_struct(j, f->sub, MEMBER(char, base, f), at, err);
}

static int decode_object_p(const json_t *j, const struct json_field *f, void *base,
			   const struct place *at, struct error *err)
{
	void *p = xalloc(1, f->sub_size);

	*MEMBER(void *, base, f) = p;
	return decode_struct(j, f->sub, p, at, err);
}

static int decode_list(const json_t *j, const struct json_field *f, void *base,
		       const struct place *at, struct error *err)
{
	struct json_list *l = MEMBER(struct json_list, base, f);
	struct place here = { .up = at };
	const json_t *x;
	int r = 0;

	if (!json_is_array(j))
		return complain(at, "must be a list", err);
	if (!json_array_size(j))
		return 0;
	l->v = xalloc(json_array_size(j), f->sub_size);
	l->cap = json_array_size(j);
	json_array_foreach (j, here.index, x) {
		r = decode_struct(x, f->sub, l->v + l->n++ * f->sub_size, &here, err);
		if (r < 0)
			break;
	}
	return r;
}

static int decode_raw(const json_t *j, const struct json_field *f, void *base,
		      const struct place *at, struct error *err)
{
	*MEMBER(json_t *, base, f) = json_incref((json_t *)j);
	return 0;
}

static const decode_fn decoders[] = {
	[JSON_STR] = decode_str,	   [JSON_FLAG] = decode_flag,
	[JSON_I64] = decode_i64,	   [JSON_U64] = decode_u64,
	[JSON_I32] = decode_i32,	   [JSON_DOUBLE] = decode_double,
	[JSON_STRV] = decode_strv,	   [JSON_STRMAP] = decode_strmap,
	[JSON_KEYS] = decode_keys,	   [JSON_STRUCT] = decode_object,
	[JSON_STRUCT_P] = decode_object_p, [JSON_LIST] = decode_list,
	[JSON_RAW] = decode_raw,
};

static int decode_member(const json_t *obj, const struct json_field *f, void *base,
			 const struct place *up, struct error *err)
{
	struct place at = { .up = up, .name = f->name };
	const json_t *j = json_object_get(obj, f->name);

	if (json_is_null(j) && (!(f->flags & JSON_REQUIRED) || (f->flags & JSON_NULL_OK)))
		return 0;
	if (!j && (f->flags & JSON_REQUIRED))
		return complain(&at, "is missing", err);
	return j ? decoders[f->kind](j, f, base, &at, err) : 0;
}

static int decode_struct(const json_t *j, const struct json_field *fields, void *base,
			 const struct place *at, struct error *err)
{
	int r = 0;

	if (!json_is_object(j))
		return complain(at, "must be a mapping", err);
	for (const struct json_field *f = fields; f->kind != JSON_END && !r; f++)
		r = decode_member(j, f, base, at, err);
	return r;
}

int json_decode(const json_t *j, const struct json_field *fields, void *ret, struct error *err)
{
	int r = decode_struct(j, fields, ret, NULL, err);

	if (r < 0)
		json_free_fields(fields, ret);
	return r;
}
