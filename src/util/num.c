/* SPDX-License-Identifier: Apache-2.0 */
#include "util/num.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>

#define LIMIT_NUMBER 400

int num_parse_u64(struct str s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!s.n)
		return -ERR_INVALID;
	for (size_t i = 0; i < s.n; i++)
		if (!char_is_digit(s.p[i]) || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v) || v > max)
			return -ERR_INVALID;
	*ret = v;
	return 0;
}

int num_parse_i64(struct str s, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = str_starts(s, "-");
	uint64_t most = (uint64_t)INT64_MAX + negative, v;
	int64_t n;

	if (num_parse_u64(str_skip(s, negative), most, &v) < 0)
		return -ERR_INVALID;
	n = negative ? (int64_t)(0 - v) : (int64_t)v;
	if (n < min || n > max)
		return -ERR_INVALID;
	*ret = n;
	return 0;
}

static size_t skip_digits(struct str *s)
{
	size_t n = 0;

	while (n < s->n && char_is_digit(s->p[n]))
		n++;
	*s = str_skip(*s, n);
	return n;
}

static bool skip_sign(struct str *s)
{
	bool there = str_starts(*s, "-") || str_starts(*s, "+");

	*s = str_skip(*s, there);
	return there;
}

/* [+-] digits [. digits] [e [+-] digits], where one of the first two may be empty: all that
 * strtod() reads beside it (hex, inf, nan) is not a number here. */
static bool is_decimal(struct str s)
{
	size_t n;

	skip_sign(&s);
	n = skip_digits(&s);
	if (str_starts(s, ".")) {
		s = str_skip(s, 1);
		n += skip_digits(&s);
	}
	if (!n)
		return false;
	if (str_starts(s, "e") || str_starts(s, "E")) {
		s = str_skip(s, 1);
		skip_sign(&s);
		if (!skip_digits(&s))
			return false;
	}
	return !s.n;
}

int num_parse_double(struct str s, double *ret)
{
	char text[LIMIT_NUMBER + 1] = "";
	locale_t c;
	double v;

	if (s.n > LIMIT_NUMBER || !is_decimal(s))
		return -ERR_INVALID;
	memcpy(text, s.p, s.n);
	c = newlocale(LC_ALL_MASK, "C", NULL);
	v = strtod_l(text, NULL, c);
	freelocale(c);
	if (!isfinite(v))
		return -ERR_INVALID;
	*ret = v;
	return 0;
}

/* "", "b", "k", "kb", "kib" and so on, in either case: the power of 1024, -1 for what is none. */
static int size_suffix(struct str s)
{
	static const char letters[] = "bkmgtp";
	const char *at;
	char c;

	if (!s.n)
		return 0;
	c = char_lower(s.p[0]);
	at = memchr(letters, c, sizeof(letters) - 1);
	s = str_skip(s, 1);
	if (!at || (c == 'b' && s.n))
		return -1;
	if (s.n == 2 && char_lower(s.p[0]) == 'i')
		s = str_skip(s, 1);
	if (s.n > 1 || (s.n && char_lower(s.p[0]) != 'b'))
		return -1;
	return (int)(at - letters);
}

int num_parse_size(const char *s, int64_t *ret, struct error *err)
{
	struct str all = str_of(s), number = all, suffix = { NULL, 0 };
	int power;
	double v;

	if (streq(s, "-1")) {
		*ret = -1;
		return 0;
	}
	while (number.n && !char_is_digit(s[number.n - 1]) && s[number.n - 1] != '.' &&
	       s[number.n - 1] != ' ')
		number.n--;
	suffix = str_skip(all, number.n);
	if (str_ends(number, " "))
		number.n--;
	if (num_parse_double(number, &v) < 0 || v < 0)
		return error_set(err, ERR_INVALID,
				 "\"%s\" is not a size; write one like 512m or 1.5g", s);
	power = size_suffix(suffix);
	if (power < 0)
		return error_set(err, ERR_INVALID,
				 "\"%s\": a size ends in b, k, m, g, t or p (also kb, kib), not in "
				 "\"%.*s\"",
				 s, (int)MIN(suffix.n, (size_t)32), suffix.p);
	v = ldexp(v, 10 * power);
	if (v >= 0x1p63)
		return error_set(err, ERR_INVALID, "\"%s\" is too large a size", s);
	*ret = (int64_t)v;
	return 0;
}

const char *num_format_size(uint64_t n, char out[NUM_SIZE_MAX])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double v = (double)n;
	size_t i = 0;

	/* 999.5 has three digits too, and would be printed as 1000. */
	for (; v >= (i ? 999.5 : 1000) && i + 1 < ARRAY_SIZE(units); i++)
		v /= 1000;
	snprintf(out, NUM_SIZE_MAX, "%.3g%s", v, units[i]);
	return out;
}

int num_parse_bool(const char *s, bool *ret)
{
	static const char *const words[][6] = { { "0", "f", "F", "false", "False", "FALSE" },
						{ "1", "t", "T", "true", "True", "TRUE" } };

	for (size_t i = 0; i < ARRAY_SIZE(words[0]); i++)
		for (int on = 0; on < 2; on++)
			if (streq(s, words[on][i])) {
				*ret = on;
				return 0;
			}
	return -ERR_INVALID;
}
