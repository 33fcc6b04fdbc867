/* SPDX-License-Identifier: Apache-2.0 */
#include "util/time.h"

#include "util/num.h"

#include <stdio.h>
#include <time.h>

static int64_t clock_now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

int64_t time_now(void)
{
	return clock_now(CLOCK_REALTIME);
}

int64_t time_monotonic(void)
{
	return clock_now(CLOCK_MONOTONIC);
}

const char *time_format(int64_t t, char out[TIME_TEXT_MAX])
{
	int64_t ns = t % NSEC_PER_SEC;
	time_t sec = t / NSEC_PER_SEC;
	char fraction[16] = "";
	struct tm tm;
	int n;

	if (ns < 0) {
		ns += NSEC_PER_SEC;
		sec--;
	}
	if (ns) {
		n = snprintf(fraction, sizeof(fraction), ".%09lld", (long long)ns);
		while (fraction[n - 1] == '0')
			fraction[--n] = '\0';
	}
	gmtime_r(&sec, &tm);
	snprintf(out, TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, fraction);
	return out;
}

/* n digits, then (unless it is NUL) the character `after`. */
static bool take(struct str *s, size_t n, char after, int min, int max, int *ret)
{
	uint64_t v;

	if (s->n < n + (after != 0) ||
	    num_parse_u64((struct str){ s->p, n }, (uint64_t)max, &v) < 0)
		return false;
	if ((int)v < min || (after && s->p[n] != after))
		return false;
	*ret = (int)v;
	*s = str_skip(*s, n + (after != 0));
	return true;
}

static int days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (!(year % 4) && year % 100) || !(year % 400);

	return days[month - 1] + (month == 2 && leap);
}

static bool take_date(struct str *s, struct tm *tm)
{
	if (!take(s, 4, '-', 0, 9999, &tm->tm_year) || !take(s, 2, '-', 1, 12, &tm->tm_mon) ||
	    !take(s, 2, 0, 1, days_in(tm->tm_year, tm->tm_mon), &tm->tm_mday))
		return false;
	if (!str_starts(*s, "T") && !str_starts(*s, "t"))
		return false;
	*s = str_skip(*s, 1);
	tm->tm_year -= 1900;
	tm->tm_mon--;
	return true;
}

/* ".5" and so on, as far as digits go; those beyond nanoseconds don't count. */
static bool take_fraction(struct str *s, int64_t *ret_ns)
{
	int64_t unit = NSEC_PER_SEC;
	size_t i;

	*ret_ns = 0;
	if (!str_starts(*s, "."))
		return true;
	for (i = 1; i < s->n && char_is_digit(s->p[i]); i++) {
		unit /= 10;
		*ret_ns += unit * (s->p[i] - '0');
	}
	*s = str_skip(*s, i);
	return i > 1;
}

static bool take_offset(struct str *s, int *ret_seconds)
{
	bool west = str_starts(*s, "-");
	int h, m;

	if (str_eq(*s, "Z") || str_eq(*s, "z")) {
		*ret_seconds = 0;
		return true;
	}
	if (!west && !str_starts(*s, "+"))
		return false;
	*s = str_skip(*s, 1);
	if (!take(s, 2, ':', 0, 23, &h) || !take(s, 2, 0, 0, 59, &m) || s->n)
		return false;
	*ret_seconds = (h * 60 + m) * 60 * (west ? -1 : 1);
	return true;
}

int time_parse(const char *text, int64_t *ret, struct error *err)
{
	struct str s = str_of(text);
	struct tm tm = { 0 };
	int64_t ns, t;
	int offset;

	if (!take_date(&s, &tm) || !take(&s, 2, ':', 0, 23, &tm.tm_hour) ||
	    !take(&s, 2, ':', 0, 59, &tm.tm_min) || !take(&s, 2, 0, 0, 59, &tm.tm_sec) ||
	    !take_fraction(&s, &ns) || !take_offset(&s, &offset))
		return error_set(err, ERR_INVALID,
				 "\"%s\" is not a time; write one like 2026-11-20T10:27:42Z", text);
	t = timegm(&tm) - offset;
	if (__builtin_mul_overflow(t, NSEC_PER_SEC, &t) || __builtin_add_overflow(t, ns, &t))
		return error_set(err, ERR_INVALID, "\"%s\" is too far from today", text);
	*ret = t;
	return 0;
}
