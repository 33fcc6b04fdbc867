/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/ignore.h"

#include "util/path.h"
#include "util/vec.h"

enum glob_kind {
	GLOB_CHAR,
	GLOB_ANY,    /* ?: not '/' */
	GLOB_MANY,   /* *: any number that are not '/' */
	GLOB_LEVELS, /* ** before more: nothing, or all up to a '/' */
	GLOB_REST,   /* ** at the end: all */
	GLOB_CLASS,  /* [...] */
};

struct glob_token {
	enum glob_kind kind;
	struct str text;
};

struct glob {
	char *text; /* clean, without '!' */
	bool exception;
	VEC(struct glob_token) t;
};

struct ignore {
	VEC(struct glob) globs;
	struct strv patterns;
	bool exceptions;
};

static struct str take_rune(struct str *s)
{
	unsigned char c = (unsigned char)s->p[0];
	size_t n = c < 0xc0 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	struct str r = { s->p, MIN(n, s->n) };

	*s = str_skip(*s, r.n);
	return r;
}

static struct glob_token *add(struct glob *g, enum glob_kind kind, struct str text)
{
	struct glob_token *t = vec_add(&g->t);

	t->kind = kind;
	t->text = text;
	return t;
}

static void add_stars(struct glob *g, struct str *s)
{
	if (!s->n || s->p[0] != '*') {
		add(g, GLOB_MANY, STR("*"));
		return;
	}
	*s = str_skip(*s, 1);
	if (s->n && s->p[0] == '/')
		*s = str_skip(*s, 1);
	add(g, s->n ? GLOB_LEVELS : GLOB_REST, STR("**"));
}

/* From after the '[' to the ']', which a class cannot begin with. */
static bool add_class(struct glob *g, struct str *s)
{
	size_t n = 0;

	if (n < s->n && s->p[n] == '^')
		n++;
	for (size_t first = n; n < s->n; n++) {
		if (s->p[n] == '\\')
			n++;
		else if (s->p[n] == ']' && n > first)
			break;
	}
	if (n >= s->n)
		return false;
	add(g, GLOB_CLASS, (struct str){ s->p, n });
	*s = str_skip(*s, n + 1);
	return true;
}

static bool compile(struct glob *g)
{
	struct str s = str_of(g->text);

	while (s.n) {
		struct str c = take_rune(&s);

		if (str_eq(c, "*"))
			add_stars(g, &s);
		else if (str_eq(c, "?"))
			add(g, GLOB_ANY, c);
		else if (str_eq(c, "[")) {
			if (!add_class(g, &s))
				return false;
		} else {
			if (str_eq(c, "\\") && s.n)
				c = take_rune(&s);
			add(g, GLOB_CHAR, c);
		}
	}
	return true;
}

static struct str class_char(struct str *s)
{
	if (s->n > 1 && s->p[0] == '\\')
		*s = str_skip(*s, 1);
	return take_rune(s);
}

static int rune_cmp(struct str a, struct str b)
{
	int r = memcmp(a.p, b.p, MIN(a.n, b.n));

	return r ? r : (int)a.n - (int)b.n;
}

static bool class_has(struct str cls, struct str c)
{
	bool negated = cls.n && cls.p[0] == '^', found = false;

	if (negated)
		cls = str_skip(cls, 1);
	while (cls.n) {
		struct str lo = class_char(&cls), hi = lo;

		if (cls.n > 1 && cls.p[0] == '-') {
			cls = str_skip(cls, 1);
			hi = class_char(&cls);
		}
		found |= rune_cmp(lo, c) <= 0 && rune_cmp(c, hi) <= 0;
	}
	return found != negated;
}

/* Two rows of states: at token i, and within the levels that token i has begun to take. */
static void open_states(const struct glob *g, bool *at)
{
	for (size_t i = 0; i < g->t.n; i++) {
		enum glob_kind k = g->t.v[i].kind;

		if (at[i] && (k == GLOB_MANY || k == GLOB_LEVELS || k == GLOB_REST))
			at[i + 1] = true;
	}
}

static void step_token(const struct glob_token *t, struct str c, bool slash, bool here, bool inside,
		       bool *stay, bool *in, bool *next)
{
	switch (t->kind) {
	case GLOB_CHAR:
		*next |= here && t->text.n == c.n && !memcmp(t->text.p, c.p, c.n);
		break;
	case GLOB_ANY:
		*next |= here && !slash;
		break;
	case GLOB_CLASS:
		*next |= here && class_has(t->text, c);
		break;
	case GLOB_MANY:
		*stay |= here && !slash;
		break;
	case GLOB_REST:
		*stay |= here;
		break;
	case GLOB_LEVELS:
		*in |= here || inside;
		*next |= (here || inside) && slash;
		break;
	}
}

static bool glob_matches(const struct glob *g, const char *path)
{
	size_t n = g->t.n + 1;
	bool small[4 * 64], *at = n <= 64 ? small : xnewn(bool, 4 * n), *x = at;
	bool *in = at + n, *to = in + n, *to_in = to + n, result;
	struct str s = str_of(path);

	memset(at, 0, 2 * n * sizeof(*at));
	at[0] = true;
	open_states(g, at);
	while (s.n) {
		struct str c = take_rune(&s);
		bool slash = str_eq(c, "/"), *swap;

		memset(to, 0, n * sizeof(*to));
		memset(to_in, 0, n * sizeof(*to_in));
		for (size_t i = 0; i < g->t.n; i++)
			step_token(&g->t.v[i], c, slash, at[i], in[i], &to[i], &to_in[i],
				   &to[i + 1]);
		open_states(g, to);
		swap = at, at = to, to = swap;
		swap = in, in = to_in, to_in = swap;
	}
	result = at[g->t.n];
	if (x != small)
		free(x);
	return result;
}

static int add_pattern(struct ignore *ig, const char *text, struct error *err)
{
	struct str s = str_trim(str_of(text));
	autofree char *given = str_dup(s), *clean = NULL;
	struct glob *g;
	bool exception;

	if (!s.n)
		return 0;
	if (ig->globs.n >= LIMIT_IGNORE_PATTERNS)
		return error_set(err, ERR_LIMIT, "more than %d patterns", LIMIT_IGNORE_PATTERNS);
	clean = path_clean(given);
	exception = clean[0] == '!';
	if (exception && !clean[1])
		return error_set(err, ERR_INVALID,
				 "the pattern ! excepts nothing: a path must follow");
	g = vec_add(&ig->globs);
	g->exception = exception;
	g->text = xstrdup(clean + exception);
	ig->exceptions |= exception;
	strv_push(&ig->patterns, clean);
	if (!compile(g) || glob_match(g->text, ".") < 0)
		return error_set(err, ERR_INVALID,
				 "the pattern %.200s is not valid: a [ is not closed", given);
	return 0;
}

int ignore_new(const struct strv *patterns, struct ignore **ret, struct error *err)
{
	autocall(ignore_freep) struct ignore *ig = xnew(struct ignore);

	strv_foreach (p, patterns) {
		int r = add_pattern(ig, p, err);

		if (r < 0)
			return r;
	}
	*ret = TAKE_PTR(ig);
	return 0;
}

/* One line of a file in the form that the matcher takes, or NULL when it says nothing. */
static char *line_pattern(struct str line)
{
	autofree char *text = NULL, *clean = NULL;
	bool exception;
	struct str s;

	if (str_starts(line, "#"))
		return NULL;
	s = str_trim(line);
	if (!s.n)
		return NULL;
	exception = s.p[0] == '!';
	if (exception)
		s = str_trim(str_skip(s, 1));
	if (!s.n)
		return xstrdup("!");
	text = str_dup(s);
	clean = path_clean(text);
	return xprintf("%s%s", exception ? "!" : "", clean + (clean[0] == '/' && clean[1]));
}

int ignore_parse(const char *name, struct str text, struct ignore **ret, struct error *err)
{
	autocall(ignore_freep) struct ignore *ig = xnew(struct ignore);
	struct str line, rest = text;
	unsigned number = 0;

	if (str_starts(rest, "\xEF\xBB\xBF"))
		rest = str_skip(rest, 3);
	while (rest.n) {
		autofree char *p = NULL;
		int r;

		number++;
		str_cut(rest, '\n', &line, &rest);
		p = line_pattern(line);
		r = p ? add_pattern(ig, p, err) : 0;
		if (r < 0) {
			error_at(err, name, number, 1);
			return r;
		}
	}
	*ret = TAKE_PTR(ig);
	return 0;
}

struct ignore *ignore_free(struct ignore *ig)
{
	if (!ig)
		return NULL;
	vec_foreach (g, &ig->globs) {
		free(g->text);
		vec_done(&g->t);
	}
	vec_done(&ig->globs);
	strv_done(&ig->patterns);
	free(ig);
	return NULL;
}

size_t ignore_count(const struct ignore *ig)
{
	return ig->globs.n;
}

bool ignore_has_exceptions(const struct ignore *ig)
{
	return ig->exceptions;
}

const struct strv *ignore_patterns(const struct ignore *ig)
{
	return &ig->patterns;
}

static bool matches_above(const struct glob *g, const char *path)
{
	autofree char *up = xstrdup(path);

	for (char *p = up; (p = strchr(p, '/')); p++) {
		*p = 0;
		if (glob_matches(g, up))
			return true;
		*p = '/';
	}
	return false;
}

bool ignore_match_below(const struct ignore *ig, const char *path, const bool *above, bool *self)
{
	bool matched = false;

	for (size_t i = 0; i < ig->globs.n; i++) {
		const struct glob *g = &ig->globs.v[i];
		bool m = above && above[i];

		self[i] = false;
		if (!m && g->exception != matched)
			continue;
		if (!m)
			m = glob_matches(g, path) || (!above && matches_above(g, path));
		self[i] = m;
		if (m)
			matched = !g->exception;
	}
	return matched;
}

bool ignore_match(const struct ignore *ig, const char *path)
{
	autofree bool *self = xnewn(bool, ig->globs.n + 1);

	return ignore_match_below(ig, path, NULL, self);
}
