/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patterns of ${x#p}, ${x%p} and ${x/p/w}. The value is taken as a row of characters; a pattern
 * is run over it as a set of the places it may have reached, so that no pattern is slow.
 */
#include "builder/expand.h"

enum token_kind { TOKEN_CHAR, TOKEN_ANY, TOKEN_MANY };
struct token {
	enum token_kind kind;
	struct str c;
};

struct pattern {
	struct token *t;
	size_t n;
};

static size_t char_size(struct str s)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

	return MIN(n, s.n);
}

static struct str take_char(struct str *s)
{
	struct str c = { s->p, char_size(*s) };

	*s = str_skip(*s, c.n);
	return c;
}

static int compile(const char *text, struct pattern *ret, struct error *err)
{
	struct str s = str_of(text);

	ret->t = xnewn(struct token, s.n + 1);
	ret->n = 0;
	while (s.n) {
		struct str c = take_char(&s);
		struct token *t = &ret->t[ret->n++];

		*t = (struct token){ .c = c };
		if (str_eq(c, "*")) {
			t->kind = TOKEN_MANY;
		} else if (str_eq(c, "?")) {
			t->kind = TOKEN_ANY;
		} else if (str_eq(c, "\\")) {
			if (!s.n || !strchr("}/*?\\", s.p[0])) {
				free(ret->t);
				ret->t = NULL;
				return error_set(
					err, ERR_INVALID,
					"the pattern %.100s has a \\ before %.*s: it may stand "
					"before * ? \\ } and /",
					text, s.n ? 1 : 7, s.n ? s.p : "its end");
			}
			t->c = take_char(&s);
		}
	}
	return 0;
}

static void reverse(struct token *t, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct token x = t[i];

		t[i] = t[n - 1 - i];
		t[n - 1 - i] = x;
	}
}

static struct str *characters(struct str s, size_t *ret_n)
{
	struct str *v = xnewn(struct str, s.n + 1);
	size_t n = 0;

	while (s.n)
		v[n++] = take_char(&s);
	*ret_n = n;
	return v;
}

static void skip_many(const struct pattern *p, bool *at)
{
	for (size_t i = 0; i < p->n; i++)
		if (at[i] && p->t[i].kind == TOKEN_MANY)
			at[i + 1] = true;
}

static bool step(const struct pattern *p, struct str c, const bool *from, bool *to)
{
	bool newline = c.n == 1 && c.p[0] == '\n', any = false;

	memset(to, 0, (p->n + 1) * sizeof(*to));
	for (size_t i = 0; i < p->n; i++) {
		const struct token *t = &p->t[i];

		if (!from[i])
			continue;
		if (t->kind == TOKEN_MANY && !newline)
			to[i] = any = true;
		else if (t->kind == TOKEN_ANY && !newline)
			to[i + 1] = any = true;
		else if (t->kind == TOKEN_CHAR && t->c.n == c.n && !memcmp(t->c.p, c.p, c.n))
			to[i + 1] = any = true;
	}
	skip_many(p, to);
	return any;
}

/* How many of v's characters a match from its start takes: the most or the fewest; -1: none. dir -1
 * walks backwards. */
static ssize_t match(const struct pattern *p, const struct str *v, size_t n, int dir, bool longest)
{
	bool *at = xnewn(bool, 2 * (p->n + 1)), *to = at + p->n + 1, *x = at;
	ssize_t found = -1;

	at[0] = true;
	skip_many(p, at);
	for (size_t i = 0;; i++) {
		bool *swap;

		if (at[p->n]) {
			found = (ssize_t)i;
			if (!longest)
				break;
		}
		if (i == n || !step(p, v[dir > 0 ? i : n - 1 - i], at, to))
			break;
		swap = at;
		at = to;
		to = swap;
	}
	free(x);
	return found;
}

static char *join(const struct str *v, size_t n)
{
	return n ? xstrndup(v[0].p, (size_t)(v[n - 1].p + v[n - 1].n - v[0].p)) : xstrdup("");
}

static int trim(const char *pattern, const char *value, bool longest, int dir, char **ret,
		struct error *err)
{
	autofree struct str *v = NULL;
	struct pattern p;
	size_t n;
	ssize_t m;

	if (compile(pattern, &p, err) < 0)
		return -ERR_INVALID;
	v = characters(str_of(value), &n);
	if (dir < 0)
		reverse(p.t, p.n);
	m = match(&p, v, n, dir, longest);
	m = m < 0 ? 0 : m;
	*ret = join(dir > 0 ? v + m : v, n - (size_t)m);
	free(p.t);
	return 0;
}

int pattern_trim_prefix(const char *pattern, const char *value, bool longest, char **ret,
			struct error *err)
{
	return trim(pattern, value, longest, 1, ret, err);
}

int pattern_trim_suffix(const char *pattern, const char *value, bool longest, char **ret,
			struct error *err)
{
	return trim(pattern, value, longest, -1, ret, err);
}

/* A pattern that cannot match at a place fails there at once; one that begins with `*` matches at
 * the first place or nowhere. */
int pattern_replace(const char *pattern, const char *value, const char *with, bool all, char **ret,
		    struct error *err)
{
	autofree struct str *v = NULL;
	autobuf out = { 0 };
	struct pattern p;
	size_t n, i = 0;
	bool done = false;

	if (compile(pattern, &p, err) < 0)
		return -ERR_INVALID;
	v = characters(str_of(value), &n);
	buf_init(&out, LIMIT_EXPANSION);
	while (i <= n) {
		ssize_t m = done ? -1 : match(&p, v + i, n - i, 1, true);

		if (m >= 0) {
			buf_adds(&out, with);
			done = !all;
		}
		if (m <= 0 && i < n)
			buf_addstr(&out, v[i]);
		i += m > 0 ? (size_t)m : 1;
		if (m > 0 && i == n)
			break;
	}
	free(p.t);
	if (buf_check(&out, "the expanded text", err) < 0)
		return -ERR_LIMIT;
	*ret = buf_steal(&out);
	return 0;
}
