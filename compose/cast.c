/* SPDX-License-Identifier: Apache-2.0 */
/* Strings to the types that an attribute wants, after interpolation: "${REPLICAS}" is text until
 * then. */
#include "compose/interpolate.h"
#include "compose/write.h"

#include "util/num.h"

#include <errno.h>
#include <math.h>

static int go_error(struct error *err, const char *function, const char *s, bool range)
{
	return error_set(err, ERR_INVALID, "strconv.%s: parsing \"%.256s\": %s", function, s,
			 range ? "value out of range" : "invalid syntax");
}

static int to_int(struct node *n, const char *s, const char *function, struct error *err)
{
	const char *digits = s + (*s == '-' || *s == '+');
	struct str number = str_of(*s == '+' ? digits : s);

	if (!*digits)
		return go_error(err, function, s, false);
	for (const char *p = digits; *p; p++)
		if (!char_is_digit(*p))
			return go_error(err, function, s, false);
	if (num_parse_i64(number, INT64_MIN, INT64_MAX, &n->i) < 0)
		return go_error(err, function, s, true);
	n->kind = NODE_INT;
	return 0;
}

static bool named_float(const char *s, double *ret)
{
	autofree char *lower = str_lower(s);
	const char *p = lower + (*lower == '-' || *lower == '+');

	if (streq(p, "nan") && p == lower)
		*ret = NAN;
	else if (streq(p, "inf") || streq(p, "infinity"))
		*ret = *lower == '-' ? -INFINITY : INFINITY;
	else
		return false;
	return true;
}

static int to_float(struct node *n, const char *s, int bits, struct error *err)
{
	double f;
	char *end;

	n->kind = NODE_FLOAT;
	if (named_float(s, &n->f))
		return 0;
	if (!*s || strspn(s, "0123456789abcdefABCDEFxXpP+-.") != strlen(s))
		return go_error(err, "ParseFloat", s, false);
	f = strtod(s, &end);
	if (*end)
		return go_error(err, "ParseFloat", s, false);
	if (!isfinite(f))
		return go_error(err, "ParseFloat", s, true);
	n->f = bits == 32 ? go_float32(f) : f;
	return 0;
}

static const struct {
	const char *word;
	bool value, odd;
} bools[] = {
	{ "true", true, false }, { "false", false, false }, { "y", true, true },
	{ "yes", true, true },	 { "on", true, true },	    { "n", false, true },
	{ "no", false, true },	 { "off", false, true },
};

static int to_bool(struct arena *a, struct node *n, const char *s, const char **ret_warn,
		   struct error *err)
{
	autofree char *lower = str_lower(s);

	for (size_t i = 0; i < ARRAY_SIZE(bools); i++) {
		if (!streq(lower, bools[i].word))
			continue;
		n->kind = NODE_BOOL;
		n->b = bools[i].value;
		if (bools[i].odd)
			*ret_warn = arena_printf(a,
						 "\"%s\" for boolean is not supported by YAML 1.2, "
						 "please use `%s`",
						 s, n->b ? "true" : "false");
		return 0;
	}
	return error_set(err, ERR_INVALID, "invalid boolean: %.256s", s);
}

static int convert(struct arena *a, struct node *n, const char *s, enum cast cast,
		   const char **ret_warn, struct error *err)
{
	switch (cast) {
	case CAST_INT:
		return to_int(n, s, "Atoi", err);
	case CAST_INT64:
		return to_int(n, s, "ParseInt", err);
	case CAST_FLOAT:
		return to_float(n, s, 64, err);
	case CAST_FLOAT32:
		return to_float(n, s, 32, err);
	case CAST_BOOL:
		return to_bool(a, n, s, ret_warn, err);
	case CAST_NONE:
		break;
	}
	return 0;
}

struct node *node_cast(struct arena *a, struct node *n, enum cast cast, const char **ret_warn,
		       struct error *err)
{
	struct node *to;

	if (cast == CAST_NONE || n->kind != NODE_STRING)
		return n;
	to = node_new(a, NODE_STRING, n->at);
	to->mark = n->mark;
	return convert(a, to, n->s, cast, ret_warn, err) < 0 ? NULL : to;
}
