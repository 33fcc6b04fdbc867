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

/* Go's rule: each '_' stands between digits, or between "0x" and one. */
static bool underscores_fit(const char *s)
{
	bool digit, after_digit = false, hex;
	char last = '\0';

	s += *s == '-' || *s == '+';
	hex = s[0] == '0' && char_lower(s[1]) == 'x';
	for (; *s; s++) {
		digit = char_is_digit(*s) || (hex && strchr("abcdefABCDEFxX", *s));
		if (*s == '_' ? !after_digit : last == '_' && !digit)
			return false;
		after_digit = digit;
		last = *s;
	}
	return last != '_';
}

/* A float of C without what Go doesn't have, and the other way round. NULL: it isn't one. */
static char *plain_float(const char *s)
{
	const char *digits = s + (*s == '-' || *s == '+');
	bool hex = digits[0] == '0' && char_lower(digits[1]) == 'x';
	char *ret, *p;

	if (!*s || strspn(s, "0123456789abcdefABCDEFxXpP+-._") != strlen(s))
		return NULL;
	if (hex && !strpbrk(digits, "pP"))
		return NULL;
	if (strchr(s, '_') && !underscores_fit(s))
		return NULL;
	ret = p = xstrdup(s);
	for (; *s; s++)
		if (*s != '_')
			*p++ = *s;
	*p = '\0';
	return ret;
}

static int to_float(struct node *n, const char *s, int bits, struct error *err)
{
	autofree char *plain = NULL;
	char *end = NULL;
	double f = 0;

	n->kind = NODE_FLOAT;
	if (named_float(s, &n->f))
		return 0;
	plain = plain_float(s);
	if (plain)
		f = strtod(plain, &end);
	if (!plain || *end || end == plain)
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
