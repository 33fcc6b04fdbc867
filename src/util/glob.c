/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Go's path.Match. A pattern is first read to its end, since a bad one is an error whatever the
 * text; matching then needs to remember the last star only: a star further left can't do better, as
 * it would have to pass the same '/'.
 */
#include "util/error.h"
#include "util/utf8.h"

/* One character of a class, perhaps escaped; false when none may stand here. */
static bool class_char(struct str *p, uint32_t *ret)
{
	size_t n;

	if (!p->n || p->p[0] == '-' || p->p[0] == ']')
		return false;
	if (p->p[0] == '\\')
		*p = str_skip(*p, 1);
	if (!p->n)
		return false;
	*ret = utf8_decode(*p, &n);
	if (*ret == 0xfffd && n == 1)
		return false;
	*p = str_skip(*p, n);
	return p->n > 0;
}

/* Reads what follows a '[' to behind its ']': 1 when c is in the class, 0 when not, -ERR_INVALID.
 */
static int class_match(struct str *p, uint32_t c)
{
	bool negated = p->n && p->p[0] == '^', found = false;
	uint32_t lo, hi;
	size_t ranges = 0;

	if (negated)
		*p = str_skip(*p, 1);
	for (; !(p->n && p->p[0] == ']' && ranges); ranges++) {
		if (!class_char(p, &lo))
			return -ERR_INVALID;
		hi = lo;
		if (p->p[0] == '-') {
			*p = str_skip(*p, 1);
			if (!class_char(p, &hi))
				return -ERR_INVALID;
		}
		found |= lo <= c && c <= hi;
	}
	*p = str_skip(*p, 1);
	return found != negated;
}

/* One element of the pattern (no star) against one character: like class_match(). */
static int element_match(struct str *p, struct str s, size_t *ret_n)
{
	uint32_t c = s.n ? utf8_decode(s, ret_n) : 0;
	char k = p->p[0];

	*p = str_skip(*p, 1);
	if (k == '[')
		return class_match(p, c);
	if (k == '?')
		return c != '/';
	if (k == '\\') {
		if (!p->n)
			return -ERR_INVALID;
		k = p->p[0];
		*p = str_skip(*p, 1);
	}
	*ret_n = 1;
	return s.n && s.p[0] == k;
}

static bool pattern_valid(struct str p)
{
	size_t n;

	while (p.n) {
		if (p.p[0] == '*')
			p = str_skip(p, 1);
		else if (element_match(&p, STR(""), &n) < 0)
			return false;
	}
	return true;
}

static bool match(struct str p, struct str s)
{
	struct str after_star = { NULL, 0 }, star_text = { NULL, 0 }, next;
	size_t n;

	for (;;) {
		if (p.n && p.p[0] == '*') {
			after_star = p = str_skip(p, 1);
			star_text = s;
			continue;
		}
		next = p;
		if (p.n && s.n && element_match(&next, s, &n) > 0) {
			p = next;
			s = str_skip(s, n);
			continue;
		}
		if (!p.n && !s.n)
			return true;
		if (!after_star.p || !star_text.n || star_text.p[0] == '/')
			return false;
		s = star_text = str_skip(star_text, 1);
		p = after_star;
	}
}

int glob_match(const char *pattern, const char *s)
{
	struct str p = str_of(pattern);

	if (!pattern_valid(p))
		return -ERR_INVALID;
	return match(p, str_of(s));
}
