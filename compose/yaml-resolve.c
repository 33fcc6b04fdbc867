/* SPDX-License-Identifier: Apache-2.0 */
/* What a plain scalar is: the core schema of YAML 1.2 with the numbers and dates of 1.1, as go-yaml
 * v3 reads them. */
#include "compose/yaml.h"

#include <errno.h>
#include <math.h>

#define NUMBER_MAX 400 /* characters of a number that is looked at */

static const struct {
	const char *text;
	enum node_kind kind;
	double value;
} names[] = {
	{ "", NODE_NULL, 0 },
	{ "~", NODE_NULL, 0 },
	{ "null", NODE_NULL, 0 },
	{ "Null", NODE_NULL, 0 },
	{ "NULL", NODE_NULL, 0 },
	{ "true", NODE_BOOL, 1 },
	{ "True", NODE_BOOL, 1 },
	{ "TRUE", NODE_BOOL, 1 },
	{ "false", NODE_BOOL, 0 },
	{ "False", NODE_BOOL, 0 },
	{ "FALSE", NODE_BOOL, 0 },
	{ ".nan", NODE_FLOAT, NAN },
	{ ".NaN", NODE_FLOAT, NAN },
	{ ".NAN", NODE_FLOAT, NAN },
	{ ".inf", NODE_FLOAT, INFINITY },
	{ ".Inf", NODE_FLOAT, INFINITY },
	{ ".INF", NODE_FLOAT, INFINITY },
	{ "+.inf", NODE_FLOAT, INFINITY },
	{ "+.Inf", NODE_FLOAT, INFINITY },
	{ "+.INF", NODE_FLOAT, INFINITY },
	{ "-.inf", NODE_FLOAT, -INFINITY },
	{ "-.Inf", NODE_FLOAT, -INFINITY },
	{ "-.INF", NODE_FLOAT, -INFINITY },
};

static bool resolve_name(const char *text, struct node *n)
{
	if (*text && !strchr("~nNtTfF.+-", *text))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!streq(text, names[i].text))
			continue;
		n->kind = names[i].kind;
		if (n->kind == NODE_BOOL)
			n->b = names[i].value != 0;
		else if (n->kind == NODE_FLOAT)
			n->f = names[i].value;
		return true;
	}
	return false;
}

/* 0x, 0o, 0b, and 0 before other digits: the base, and where the digits begin. */
static int base_of(const char **p)
{
	static const char letters[] = "xXoObB";
	static const int bases[] = { 16, 16, 8, 8, 2, 2 };
	const char *at;

	if ((*p)[0] != '0' || !(*p)[1])
		return 10;
	at = strchr(letters, (*p)[1]);
	if (!at) {
		(*p)++;
		return 8;
	}
	*p += 2;
	return bases[at - letters];
}

static int digit_of(char c)
{
	if (char_is_digit(c))
		return c - '0';
	c = char_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static bool parse_digits(const char *p, int base, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*p)
		return false;
	for (; *p; p++) {
		if (digit_of(*p) >= base)
			return false;
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit_of(*p), &value))
			return false;
	}
	*ret = value;
	return true;
}

static bool resolve_int(const char *text, struct node *n)
{
	bool negative = *text == '-', sign = negative || *text == '+';
	const char *p = text + sign;
	int base = base_of(&p);
	uint64_t value;

	if (!parse_digits(p, base, &value))
		return false;
	if (negative) {
		if (value > (uint64_t)INT64_MAX + 1)
			return false;
		n->kind = NODE_INT;
		n->i = (int64_t)(0 - value);
	} else if (value <= INT64_MAX) {
		n->kind = NODE_INT;
		n->i = (int64_t)value;
	} else {
		if (sign)
			return false;
		n->kind = NODE_UINT;
		n->u = value;
	}
	return true;
}

static const char *skip_digits(const char *p)
{
	while (char_is_digit(*p))
		p++;
	return p;
}

/* [-+]? ( .digits | digits ( .digits? )? ) ( [eE] [-+]? digits )? */
static bool looks_like_float(const char *p)
{
	const char *start;

	p += *p == '-' || *p == '+';
	start = p;
	p = skip_digits(p);
	if (p == start) {
		if (*p != '.' || !char_is_digit(p[1]))
			return false;
		p = skip_digits(p + 1);
	} else if (*p == '.') {
		p = skip_digits(p + 1);
	}
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '-' || *p == '+';
		if (!char_is_digit(*p))
			return false;
		p = skip_digits(p);
	}
	return !*p;
}

static bool resolve_float(const char *text, struct node *n)
{
	double f;

	if (!looks_like_float(text))
		return false;
	f = strtod(text, NULL);
	if (!isfinite(f))
		return false;
	n->kind = NODE_FLOAT;
	n->f = f;
	return true;
}

struct moment {
	int year, month, day, hour, minute, second, nano, offset; /* minutes east */
};

/* One number of at most `most` digits. */
static bool take_number(const char **p, int most, int least, int *ret)
{
	int n = 0;

	*ret = 0;
	for (; n < most && char_is_digit(**p); n++, (*p)++)
		*ret = *ret * 10 + (**p - '0');
	return n >= least;
}

static bool take_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static bool date_exists(const struct moment *m)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (m->year % 4 == 0 && m->year % 100 != 0) || m->year % 400 == 0;

	return m->month >= 1 && m->month <= 12 && m->day >= 1 &&
	       m->day <= days[m->month - 1] + (m->month == 2 && leap);
}

static bool take_date(const char **p, struct moment *m)
{
	return take_number(p, 4, 4, &m->year) && take_char(p, '-') &&
	       take_number(p, 2, 1, &m->month) && take_char(p, '-') &&
	       take_number(p, 2, 1, &m->day) && date_exists(m);
}

static bool take_fraction(const char **p, int *nano)
{
	int digits = 0;

	if (**p != '.' && **p != ',')
		return true;
	(*p)++;
	for (; char_is_digit(**p); (*p)++)
		if (digits++ < 9)
			*nano = *nano * 10 + (**p - '0');
	for (int i = digits; i < 9; i++)
		*nano *= 10;
	return digits > 0;
}

static bool take_clock(const char **p, struct moment *m)
{
	return take_number(p, 2, 1, &m->hour) && take_char(p, ':') &&
	       take_number(p, 2, 1, &m->minute) && take_char(p, ':') &&
	       take_number(p, 2, 1, &m->second) && take_fraction(p, &m->nano) && m->hour < 24 &&
	       m->minute < 60 && m->second < 60;
}

static bool take_zone(const char **p, struct moment *m)
{
	int sign = **p == '-' ? -1 : 1, hours, minutes;

	if (take_char(p, 'Z'))
		return true;
	if (!take_char(p, '+') && !take_char(p, '-'))
		return false;
	if (!take_number(p, 2, 2, &hours) || !take_char(p, ':') || !take_number(p, 2, 2, &minutes))
		return false;
	m->offset = sign * (hours * 60 + minutes);
	return hours <= 24 && minutes < 60;
}

static bool parse_moment(const char *p, struct moment *m)
{
	if (!take_date(&p, m))
		return false;
	if (!*p)
		return true;
	if (take_char(&p, ' '))
		return take_clock(&p, m) && !*p;
	if (!take_char(&p, 'T') && !take_char(&p, 't'))
		return false;
	return take_clock(&p, m) && take_zone(&p, m) && !*p;
}

static const char *moment_text(struct arena *a, const struct moment *m)
{
	char fraction[12] = "", zone[24] = "Z";
	int offset = abs(m->offset);

	if (m->nano) {
		snprintf(fraction, sizeof(fraction), ".%09d", m->nano);
		for (size_t i = strlen(fraction); fraction[i - 1] == '0'; i--)
			fraction[i - 1] = '\0';
	}
	if (offset)
		snprintf(zone, sizeof(zone), "%c%02d:%02d", m->offset < 0 ? '-' : '+', offset / 60,
			 offset % 60);
	return arena_printf(a, "%04d-%02d-%02dT%02d:%02d:%02d%s%s", m->year, m->month, m->day,
			    m->hour, m->minute, m->second, fraction, zone);
}

/* a NULL: only the kind is wanted. */
static bool resolve_time(struct arena *a, const char *text, struct node *n)
{
	struct moment m = { 0 };

	if (!parse_moment(text, &m))
		return false;
	n->kind = NODE_TIME;
	n->s = a ? moment_text(a, &m) : text;
	return true;
}

static bool resolve_number(const char *text, struct node *n)
{
	char plain[NUMBER_MAX];
	size_t len = 0;

	for (const char *p = text; *p; p++) {
		if (len == sizeof(plain) - 1)
			return false;
		if (*p != '_')
			plain[len++] = *p;
	}
	plain[len] = '\0';
	return resolve_int(plain, n) || resolve_float(plain, n);
}

static bool resolve(struct arena *a, const char *text, struct node *n)
{
	if (resolve_name(text, n))
		return true;
	if (*text == '.')
		return resolve_float(text, n);
	if (!char_is_digit(*text) && *text != '-' && *text != '+')
		return false;
	return resolve_time(a, text, n) || resolve_number(text, n);
}

void yaml_resolve(struct arena *a, const char *text, struct node *n)
{
	if (resolve(a, text, n))
		return;
	n->kind = NODE_STRING;
	n->s = arena_strdup(a, text);
}

/* Numbers to base 60, as in 12:30:45. */
static bool is_base60(const char *p)
{
	p += *p == '-' || *p == '+';
	if (!char_is_digit(*p))
		return false;
	while (char_is_digit(*p) || *p == '_')
		p++;
	if (*p != ':')
		return false;
	while (*p == ':') {
		p++;
		if (!char_is_digit(*p))
			return false;
		p += *p <= '5' && char_is_digit(p[1]) ? 2 : 1;
	}
	if (*p == '.')
		for (p++; char_is_digit(*p) || *p == '_';)
			p++;
	return !*p;
}

static bool is_old_bool(const char *text)
{
	static const char *const words[] = {
		"y", "Y", "yes", "Yes", "YES", "on",  "On",  "ON",
		"n", "N", "no",	 "No",	"NO",  "off", "Off", "OFF",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (streq(text, words[i]))
			return true;
	return false;
}

bool yaml_needs_quotes(const char *text)
{
	struct node n = { 0 };

	return resolve(NULL, text, &n) || is_old_bool(text) || is_base60(text);
}
