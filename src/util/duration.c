/* SPDX-License-Identifier: Apache-2.0 */
#include "util/time.h"

#include <inttypes.h>
#include <stdio.h>

#define MINUTE (60 * NSEC_PER_SEC)
#define HOUR   (60 * MINUTE)

static const struct {
	const char *name;
	int64_t ns;
} units[] = {
	{ "ns", 1 },
	{ "us", NSEC_PER_USEC },
	{ "\u00b5s", NSEC_PER_USEC }, /* micro sign */
	{ "\u03bcs", NSEC_PER_USEC }, /* the Greek letter */
	{ "ms", NSEC_PER_MSEC },
	{ "s", NSEC_PER_SEC },
	{ "m", MINUTE },
	{ "h", HOUR },
	{ "d", 24 * HOUR },
	{ "w", 7 * 24 * HOUR },
};

/* A number with a fraction: whole and (parts of scale); false when there is not one digit, or too
 * many. */
static bool take_number(struct str *s, uint64_t *whole, uint64_t *parts, uint64_t *scale)
{
	bool any = false, fraction = false;
	char c;

	*whole = *parts = 0;
	*scale = 1;
	for (; s->n; *s = str_skip(*s, 1)) {
		c = s->p[0];
		if (c == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (!char_is_digit(c))
			break;
		any = true;
		if (!fraction && (__builtin_mul_overflow(*whole, 10, whole) ||
				  __builtin_add_overflow(*whole, (uint64_t)(c - '0'), whole)))
			return false;
		/* Digits beyond these are less than a nanosecond of the longest unit. */
		if (fraction && *scale < 1000000000000000000) {
			*scale *= 10;
			*parts = *parts * 10 + (uint64_t)(c - '0');
		}
	}
	return any;
}

static int64_t take_unit(struct str *s)
{
	size_t n = 0;

	while (n < s->n && s->p[n] != '.' && !char_is_digit(s->p[n]))
		n++;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (str_eq((struct str){ s->p, n }, units[i].name)) {
			*s = str_skip(*s, n);
			return units[i].ns;
		}
	return 0;
}

/* Adds one "1.5h" to total, which stays at most 2^63. */
static bool take_term(struct str *s, uint64_t *total)
{
	uint64_t whole, parts, scale, unit, ns;

	if (!take_number(s, &whole, &parts, &scale))
		return false;
	unit = (uint64_t)take_unit(s);
	if (!unit || __builtin_mul_overflow(whole, unit, &ns))
		return false;
	parts = (uint64_t)((unsigned __int128)parts * unit / scale);
	return !__builtin_add_overflow(ns, parts, &ns) &&
	       !__builtin_add_overflow(*total, ns, total) && *total <= (uint64_t)1 << 63;
}

int duration_parse(const char *text, int64_t *ret, struct error *err)
{
	struct str s = str_of(text);
	bool negative = str_starts(s, "-"), ok;
	uint64_t total = 0;

	if (negative || str_starts(s, "+"))
		s = str_skip(s, 1);
	ok = s.n > 0;
	if (str_eq(s, "0"))
		s.n = 0;
	while (ok && s.n)
		ok = take_term(&s, &total);
	if (!ok || (!negative && total > INT64_MAX))
		return error_set(err, ERR_INVALID,
				 "\"%s\" is not a duration; write one like 30s or 1m30s", text);
	*ret = negative ? (int64_t)(0 - total) : (int64_t)total;
	return 0;
}

/* v of a unit with its fraction, without trailing zeros. */
static size_t put_decimal(char *out, size_t size, uint64_t v, uint64_t unit, const char *name)
{
	char fraction[24] = "";
	uint64_t rest = v % unit, digit = unit;
	size_t n = 0;

	if (rest)
		fraction[n++] = '.';
	while (rest) {
		digit /= 10;
		fraction[n++] = (char)('0' + rest / digit);
		rest %= digit;
	}
	fraction[n] = '\0';
	return (size_t)snprintf(out, size, "%" PRIu64 "%s%s", v / unit, fraction, name);
}

const char *duration_format(int64_t d, char out[TIME_TEXT_MAX])
{
	uint64_t v = d < 0 ? 0 - (uint64_t)d : (uint64_t)d;
	size_t n = (size_t)snprintf(out, TIME_TEXT_MAX, "%s", d < 0 ? "-" : "");

	if (!v)
		snprintf(out, TIME_TEXT_MAX, "0s");
	else if (v < NSEC_PER_USEC)
		put_decimal(out + n, TIME_TEXT_MAX - n, v, 1, "ns");
	else if (v < NSEC_PER_MSEC)
		put_decimal(out + n, TIME_TEXT_MAX - n, v, NSEC_PER_USEC, "\u00b5s");
	else if (v < NSEC_PER_SEC)
		put_decimal(out + n, TIME_TEXT_MAX - n, v, NSEC_PER_MSEC, "ms");
	if (v < NSEC_PER_SEC)
		return out;
	if (v >= HOUR)
		n += (size_t)snprintf(out + n, TIME_TEXT_MAX - n, "%" PRIu64 "h",
				      v / (uint64_t)HOUR);
	if (v >= MINUTE)
		n += (size_t)snprintf(out + n, TIME_TEXT_MAX - n, "%" PRIu64 "m",
				      v % (uint64_t)HOUR / (uint64_t)MINUTE);
	put_decimal(out + n, TIME_TEXT_MAX - n, v % MINUTE, NSEC_PER_SEC, "s");
	return out;
}

/* The row for a span is the first whose limit is above it; without a divisor its text is all there
 * is to say. */
struct wording {
	int64_t below, divisor;
	const char *text;
};

static const struct wording in_seconds[] = {
	{ 1, 0, "Less than a second" }, { 2, 0, "1 second" },	 { 60, 1, "seconds" },
	{ 120, 0, "About a minute" },	{ 3600, 60, "minutes" },
};

static const struct wording in_hours[] = {
	{ 2, 0, "About an hour" },	 { 48, 1, "hours" },
	{ 24 * 14, 24, "days" },	 { 24 * 60, 24 * 7, "weeks" },
	{ 24 * 730, 24 * 30, "months" }, { INT64_MAX, 24 * 365, "years" },
};

static void say(const struct wording *w, int64_t v, char out[TIME_TEXT_MAX])
{
	while (v >= w->below)
		w++;
	if (w->divisor)
		snprintf(out, TIME_TEXT_MAX, "%" PRId64 " %s", v / w->divisor, w->text);
	else
		snprintf(out, TIME_TEXT_MAX, "%s", w->text);
}

const char *duration_human(int64_t d, char out[TIME_TEXT_MAX])
{
	if (d < HOUR)
		say(in_seconds, d / NSEC_PER_SEC, out);
	else
		say(in_hours, d / HOUR + (d % HOUR >= HOUR / 2), out);
	return out;
}
