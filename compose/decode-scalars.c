/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/decode.h"

#include "compose/write.h"
#include "util/num.h"
#include "util/time.h"

static struct node *refuse(struct pass *ps, const struct node *n, const struct node_path *path,
			   const char *what)
{
	pass_error(ps, n, path, "must be %s, not a %s", what, node_kind_name(n->kind));
	return NULL;
}

/* Text that isn't what it must be: says so with the reason. */
static struct node *invalid(struct pass *ps, const struct node *n, const struct node_path *path,
			    const struct error *err)
{
	pass_error(ps, n, path, "%s", err->msg);
	return NULL;
}

DECODER(string)
{
	if (n->kind == NODE_INT)
		return string_like(ps, n, node_text(ps->arena, n));
	return is_string(n) ? n : refuse(ps, n, path, "a string");
}

static struct node *cast(struct pass *ps, struct node *n, enum cast to,
			 const struct node_path *path)
{
	struct error err = ERROR_INIT;
	const char *warning = NULL;
	struct node *ret = node_cast(ps->arena, n, to, &warning, &err);

	if (warning)
		finding_warning(ps->findings, n->at, "%s", warning);
	return ret ? ret : invalid(ps, n, path, &err);
}

DECODER(bool)
{
	n = cast(ps, n, CAST_BOOL, path);
	return !n || n->kind == NODE_BOOL ? n : refuse(ps, n, path, "true or false");
}

/* A float loses what is behind its point, as Docker Compose has it. */
static bool int_of(const struct node *n, int64_t *ret)
{
	if (n->kind == NODE_INT)
		*ret = n->i;
	else if (n->kind == NODE_FLOAT && n->f >= -9e18 && n->f <= 9e18)
		*ret = (int64_t)n->f;
	else
		return false;
	return true;
}

DECODER(int)
{
	int64_t i, max = attr->max ? attr->max : INT64_MAX;

	if (attr->kind == KIND_INT)
		n = cast(ps, n, CAST_INT64, path);
	if (!n)
		return NULL;
	if (!int_of(n, &i))
		return refuse(ps, n, path, "an integer");
	if (attr->kind == KIND_UINT && (i < 0 || i > max)) {
		pass_error(ps, n, path, "must be from 0 to %lld, not %lld", (long long)max,
			   (long long)i);
		return NULL;
	}
	return node_int(ps->arena, i, n->at);
}

/* As precise as a float32, so that it prints as Docker Compose prints it. */
DECODER(float)
{
	char text[GO_FLOAT_MAX];
	struct node *ret;
	double f;

	n = cast(ps, n, CAST_FLOAT, path);
	if (!n)
		return NULL;
	if (n->kind != NODE_INT && n->kind != NODE_FLOAT)
		return refuse(ps, n, path, "a number");
	f = n->kind == NODE_INT ? (double)n->i : n->f;
	ret = node_new(ps->arena, NODE_FLOAT, n->at);
	ret->f = strtod(go_float((double)(float)f, 32, text), NULL);
	return ret;
}

DECODER(size)
{
	struct error err = ERROR_INIT;
	int64_t bytes = 0;

	if (n->kind == NODE_INT)
		bytes = n->i;
	else if (is_string(n) && num_parse_size(n->s, &bytes, &err) < 0)
		return invalid(ps, n, path, &err);
	return string_like(ps, n, arena_printf(ps->arena, "%lld", (long long)bytes));
}

DECODER(span)
{
	struct error err = ERROR_INIT;
	char text[TIME_TEXT_MAX];
	int64_t d;

	if (is_map(n) || is_list(n))
		return refuse(ps, n, path, "a duration");
	if (duration_parse(node_text(ps->arena, n), &d, &err) < 0)
		return invalid(ps, n, path, &err);
	return string_like(ps, n, duration_format(d, text));
}

static bool octal(const char *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '7' || v >> 60)
			return false;
		v = v * 8 + (uint64_t)(*s - '0');
	}
	*ret = v;
	return true;
}

DECODER(mode)
{
	uint64_t mode = 0;

	if (n->kind == NODE_INT && n->i >= 0)
		mode = (uint64_t)n->i;
	else if (!is_string(n))
		return refuse(ps, n, path, "a file mode (0440)");
	else if (!octal(n->s, &mode)) {
		pass_error(ps, n, path, "\"%s\" is not an octal file mode (0440)", n->s);
		return NULL;
	}
	return string_like(ps, n, arena_printf(ps->arena, "0%llo", (unsigned long long)mode));
}

DECODER(count)
{
	int64_t i;

	if (n->kind == NODE_INT)
		return n;
	if (is_string(n)) {
		autofree char *lower = str_lower(n->s);

		if (streq(lower, "all"))
			return node_int(ps->arena, -1, n->at);
		if (num_parse_i64(str_of(n->s), INT64_MIN, INT64_MAX, &i) == 0)
			return node_int(ps->arena, i, n->at);
	}
	pass_error(ps, n, path, "invalid value \"%s\", the only value allowed is 'all' or a number",
		   node_text(ps->arena, n));
	return NULL;
}

DECODER(ulimit)
{
	struct node *ret;

	if (!is_map(n))
		return decode_int(ps, n, attr, path);
	ret = map_like(ps, n);
	for (const struct attr *row = attr->members; row->name; row++) {
		struct node *value = node_get(n, row->name);

		value = is_null(value) ? NULL
				       : decode_int(ps, value, row, PATH_STEP(path, row->name));
		if (value)
			map_put(ps, ret, row->name, value);
	}
	return ret;
}
