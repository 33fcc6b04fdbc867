/* SPDX-License-Identifier: Apache-2.0 */
#include "util/str.h"

bool str_eq(struct str a, const char *b)
{
	size_t n = strlen(b);

	return a.n == n && (!n || !memcmp(a.p, b, n));
}

bool str_starts(struct str s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && (!n || !memcmp(s.p, prefix, n));
}

bool str_ends(struct str s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.n >= n && (!n || !memcmp(s.p + s.n - n, suffix, n));
}

struct str str_trim(struct str s)
{
	while (s.n && char_is_space(s.p[0]))
		s = str_skip(s, 1);
	while (s.n && char_is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_skip(struct str s, size_t n)
{
	n = MIN(n, s.n);
	return n ? (struct str){ s.p + n, s.n - n } : s;
}

static bool cut_at(struct str s, const char *at, struct str *head, struct str *tail)
{
	if (!at) {
		*head = s;
		*tail = s.n ? (struct str){ s.p + s.n, 0 } : s;
		return false;
	}
	*head = (struct str){ s.p, (size_t)(at - s.p) };
	*tail = str_skip(s, head->n + 1);
	return true;
}

bool str_cut(struct str s, char c, struct str *head, struct str *tail)
{
	return cut_at(s, s.n ? memchr(s.p, c, s.n) : NULL, head, tail);
}

bool str_rcut(struct str s, char c, struct str *head, struct str *tail)
{
	return cut_at(s, s.n ? memrchr(s.p, c, s.n) : NULL, head, tail);
}

char *str_dup(struct str s)
{
	return s.n ? xstrndup(s.p, s.n) : xstrdup("");
}

bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool ends_with(const char *s, const char *suffix)
{
	return str_ends(str_of(s), suffix);
}

const char *skip_prefix(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) ? NULL : s + n;
}

bool char_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool char_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool char_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool char_is_alnum(char c)
{
	return char_is_alpha(c) || char_is_digit(c);
}

char char_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

char *str_lower(const char *s)
{
	char *t = xstrdup(s);

	for (char *p = t; *p; p++)
		*p = char_lower(*p);
	return t;
}
