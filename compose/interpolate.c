/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A form with an operator ends at the brace that balances its first one; every `{` counts, and the
 * character behind one is passed over. When nothing balances it, it ends at the last brace of its
 * line. So Compose does it, and people's files depend on it: ${A:-{"k":1}}.
 */
#include "compose/interpolate.h"

struct scan {
	const struct interp *in;
	struct str text; /* all of it, for messages */
	struct buf *out;
	unsigned depth;
	struct error *err;
	/* The last `}` of the line that ends at line_end, so that a line is searched once. */
	const char *line_end, *last_brace;
};

static int expand(const struct interp *in, struct str text, struct buf *out, unsigned depth,
		  struct error *err);

const char *var_maps_get(void *userdata, const char *name, const char **ret_origin)
{
	const struct var_maps *vars = userdata;
	const char *origin;

	for (size_t i = 0; i < ARRAY_SIZE(vars->maps); i++) {
		if (!vars->maps[i] || !map_has(vars->maps[i], name))
			continue;
		origin = vars->origins[i] ? strmap_get(vars->origins[i], name) : NULL;
		if (ret_origin && origin)
			*ret_origin = origin;
		return strmap_get(vars->maps[i], name);
	}
	return NULL;
}

static int bad_form(struct scan *s)
{
	return error_set(s->err, ERR_INVALID, "%.*s", (int)MIN(s->text.n, (size_t)1024), s->text.p);
}

static bool starts_name(char c)
{
	return char_is_alpha(c) || c == '_';
}

/* The length of the name that s starts with. */
static size_t name_length(struct str s)
{
	size_t n = 0;

	if (!s.n || !starts_name(s.p[0]))
		return 0;
	while (n < s.n && (char_is_alnum(s.p[n]) || s.p[n] == '_'))
		n++;
	return n;
}

static const char *look_up(struct scan *s, struct str name)
{
	autofree char *copy = str_dup(name);

	return s->in->vars.get(s->in->vars.userdata, copy, NULL);
}

static void put_plain(struct scan *s, struct str name)
{
	const char *value = look_up(s, name);
	autofree char *copy = NULL;

	if (value) {
		buf_adds(s->out, value);
		return;
	}
	if (!s->in->unset)
		return;
	copy = str_dup(name);
	s->in->unset(s->in->unset_userdata, copy);
}

/* Of a form that starts with "${": the place of the brace that balances it, NULL when there is none
 * before end. */
static const char *balancing_brace(const char *p, const char *end)
{
	int open = 0;

	for (; p < end; p++) {
		if (*p == '}' && --open == 0)
			return p;
		if (*p == '{') {
			open++;
			p++;
		}
	}
	return NULL;
}

/* The last `}` between p and the end of its line, NULL when there is none. */
static const char *last_brace_of_line(struct scan *s, const char *p)
{
	const char *end = s->text.p + s->text.n;

	if (p >= s->line_end) {
		s->line_end = memchr(p, '\n', (size_t)(end - p));
		if (!s->line_end)
			s->line_end = end;
		s->last_brace = memrchr(p, '}', (size_t)(s->line_end - p));
	}
	return s->last_brace && s->last_brace >= p ? s->last_brace : NULL;
}

struct form {
	struct str name;
	bool colon; /* an empty value counts as none */
	char op;    /* - ? + */
	struct str text;
	const char *end; /* behind its brace */
};

static int put_required(struct scan *s, const struct form *f, const char *value, const char *text)
{
	if (value && !(f->colon && !*value)) {
		buf_adds(s->out, value);
		return 0;
	}
	return error_set(s->err, ERR_NOT_FOUND, "required variable %.*s is missing a value%s%s",
			 (int)MIN(f->name.n, (size_t)256), f->name.p, *text ? ": " : "", text);
}

/* The text of a form is expanded even when it is not used: an error within it counts. */
static int put_form(struct scan *s, const struct form *f)
{
	const char *value;
	bool has;
	autobuf text;
	int r;

	buf_init(&text, LIMIT_INTERPOLATED);
	r = expand(s->in, f->text, &text, s->depth + 1, s->err);
	if (r < 0)
		return r;
	value = look_up(s, f->name);
	has = value && !(f->colon && !*value);
	if (f->op == '?')
		return put_required(s, f, value, text.p);
	if (f->op == '-')
		buf_adds(s->out, has ? value : text.p);
	else
		buf_adds(s->out, has ? text.p : value ? value : "");
	return 0;
}

/* p: behind the name, at an operator or not. */
static bool take_operator(const char **p, const char *end, struct form *f)
{
	const char *q = *p;

	f->colon = q < end && *q == ':';
	q += f->colon;
	if (q >= end || !strchr("-?+", *q) || !*q)
		return false;
	f->op = *q;
	*p = q + 1;
	return true;
}

/* p: at a "${". */
static int put_braced(struct scan *s, const char **p)
{
	const char *end = s->text.p + s->text.n, *q = *p + 2, *last, *close;
	struct form f = { .name = { q, name_length((struct str){ q, (size_t)(end - q) }) } };

	q += f.name.n;
	if (!f.name.n || q == end)
		return bad_form(s);
	if (*q == '}') {
		put_plain(s, f.name);
		*p = q + 1;
		return 0;
	}
	if (!take_operator(&q, end, &f))
		return bad_form(s);
	last = last_brace_of_line(s, q);
	if (!last)
		return bad_form(s);
	close = balancing_brace(*p, last + 1);
	if (!close)
		close = last;
	f.text = (struct str){ q, (size_t)(close - q) };
	*p = close + 1;
	return put_form(s, &f);
}

/* p: at a `$`. One that starts no form is a `$`. */
static int put_dollar(struct scan *s, const char **p)
{
	const char *end = s->text.p + s->text.n;
	struct str rest = { *p + 1, (size_t)(end - *p - 1) };
	size_t n = name_length(rest);

	if (n) {
		put_plain(s, (struct str){ rest.p, n });
		*p += 1 + n;
		return 0;
	}
	if (rest.n && *rest.p == '{')
		return put_braced(s, p);
	buf_addc(s->out, '$');
	*p += rest.n && *rest.p == '$' ? 2 : 1;
	return 0;
}

static int expand(const struct interp *in, struct str text, struct buf *out, unsigned depth,
		  struct error *err)
{
	struct scan s = { .in = in, .text = text, .out = out, .depth = depth, .err = err };
	const char *p = text.p, *end = text.p + text.n, *dollar;
	int r = 0;

	if (depth > LIMIT_INTERP_DEPTH)
		return error_set(err, ERR_LIMIT, "variables are nested more than %d deep",
				 LIMIT_INTERP_DEPTH);
	while (r == 0 && p < end) {
		dollar = memchr(p, '$', (size_t)(end - p));
		if (!dollar)
			dollar = end;
		buf_add(out, p, (size_t)(dollar - p));
		p = dollar;
		if (p < end)
			r = put_dollar(&s, &p);
	}
	if (r == 0 && out->failed)
		return error_set(err, ERR_LIMIT, "the value becomes larger than %d MiB",
				 LIMIT_INTERPOLATED >> 20);
	return r;
}

int interpolate(const struct interp *in, const char *text, struct buf *out, struct error *err)
{
	return expand(in, str_of(text), out, 0, err);
}
