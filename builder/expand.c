/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/expand.h"

struct lexer {
	struct str s; /* what is left */
	char escape;
	unsigned flags;
	bool raw_escapes;
	unsigned depth;
	const struct map *env;
	struct strv *unset, *words; /* words: NULL when the text is one word */
	struct buf word;	    /* the word under way */
	bool in_word;
	struct error *err;
};

static int run_until(struct lexer *lx, char stop, struct buf *out);

static int peek(const struct lexer *lx)
{
	return lx->s.n ? (unsigned char)lx->s.p[0] : -1;
}

static int next(struct lexer *lx)
{
	int c = peek(lx);

	if (c >= 0)
		lx->s = str_skip(lx->s, 1);
	return c;
}

static int fail(struct lexer *lx, const char *fmt, ...) printf_like(2, 3);
static int fail(struct lexer *lx, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_vset(lx->err, ERR_INVALID, fmt, ap);
	va_end(ap);
	return -ERR_INVALID;
}

/* ---- words ---- */

static void word_add_raw(struct lexer *lx, const char *p, size_t n)
{
	if (!lx->words)
		return;
	buf_add(&lx->word, p, n);
	lx->in_word = true;
}

static void word_end(struct lexer *lx)
{
	if (lx->words && lx->word.len)
		strv_push(lx->words, lx->word.p);
	buf_reset(&lx->word);
	lx->in_word = false;
}

static void word_add(struct lexer *lx, const char *p, size_t n)
{
	if (!lx->words)
		return;
	for (; n; p++, n--) {
		if (!char_is_space(*p))
			word_add_raw(lx, p, 1);
		else if (lx->in_word)
			word_end(lx);
	}
}

/* ---- quotes ---- */

static int single_quoted(struct lexer *lx, struct buf *out)
{
	bool raw = lx->flags & EXPAND_RAW_QUOTES;
	int c = next(lx);

	if (raw)
		buf_addc(out, (char)c);
	while ((c = next(lx)) >= 0) {
		if (c != '\'') {
			buf_addc(out, (char)c);
			continue;
		}
		if (raw)
			buf_addc(out, (char)c);
		return 0;
	}
	return fail(lx, "a single quote (') is not closed");
}

static int dollar(struct lexer *lx, struct buf *out);

/* Within double quotes an escape takes away the meaning of " $ and itself, and stays before all
 * else. */
static void escaped_in_quotes(struct lexer *lx, struct buf *out)
{
	int c = peek(lx);

	if (lx->raw_escapes)
		buf_addc(out, lx->escape);
	if (c < 0)
		return;
	if (c == '"' || c == '$' || c == lx->escape) {
		next(lx);
		buf_addc(out, (char)c);
	} else {
		buf_addc(out, lx->escape);
	}
}

static int double_quoted(struct lexer *lx, struct buf *out)
{
	bool raw = lx->flags & EXPAND_RAW_QUOTES;
	int c = next(lx);

	if (raw)
		buf_addc(out, (char)c);
	while ((c = peek(lx)) >= 0) {
		if (c == '$') {
			if (dollar(lx, out) < 0)
				return -ERR_INVALID;
			continue;
		}
		next(lx);
		if (c == '"') {
			if (raw)
				buf_addc(out, (char)c);
			return 0;
		}
		if (c == lx->escape)
			escaped_in_quotes(lx, out);
		else
			buf_addc(out, (char)c);
	}
	return fail(lx, "a double quote (\") is not closed");
}

/* ---- variables ---- */

static struct str take_name(struct lexer *lx)
{
	struct str s = lx->s;
	size_t n = 0;

	if (s.n && char_is_digit(s.p[0])) {
		while (n < s.n && char_is_digit(s.p[n]))
			n++;
	} else if (s.n && s.p[0] && strchr("@*#?-$!", s.p[0])) {
		n = 1;
	} else {
		while (n < s.n && (char_is_alnum(s.p[n]) || s.p[n] == '_'))
			n++;
	}
	lx->s = str_skip(s, n);
	return (struct str){ s.p, n };
}

static const char *value_of(struct lexer *lx, struct str name)
{
	autofree char *key = str_dup(name);
	const char *v = lx->env ? map_get(lx->env, key) : NULL;

	if (!v && lx->unset && *key)
		strv_push(lx->unset, key);
	return v;
}

/* A ${...} of an unset variable, as it was written. */
static int keep(struct buf *out, struct str name, const char *mod, const char *word)
{
	return buf_addf(out, "${%.*s%s%s}", (int)name.n, name.p, mod, word);
}

/* The text up to `stop`, expanded, in a buffer of its own. */
static int inner(struct lexer *lx, char stop, bool raw_escapes, struct buf *word)
{
	bool saved = lx->raw_escapes;
	struct strv *words = TAKE_PTR(lx->words);
	int r;

	buf_init(word, LIMIT_EXPANSION);
	if (++lx->depth > LIMIT_EXPANSION_DEPTH) {
		r = fail(lx, "${} is nested deeper than %d levels", LIMIT_EXPANSION_DEPTH);
	} else {
		lx->raw_escapes = raw_escapes;
		r = run_until(lx, stop, word);
	}
	lx->depth--;
	lx->raw_escapes = saved;
	lx->words = words;
	return r;
}

static int trim_value(struct lexer *lx, char mod, const char *pattern, const char *value,
		      struct buf *out)
{
	bool longest = *pattern == mod;
	autofree char *res = NULL;
	int r;

	pattern += longest;
	if (mod == '#')
		r = pattern_trim_prefix(pattern, value, longest, &res, lx->err);
	else
		r = pattern_trim_suffix(pattern, value, longest, &res, lx->err);
	if (r < 0)
		return r;
	buf_adds(out, res);
	return 0;
}

static int required(struct lexer *lx, struct str name, const char *value, bool null_is_unset,
		    const char *word, struct buf *out)
{
	if (!value)
		return fail(lx, "%.*s: %s", (int)name.n, name.p,
			    *word ? word : "is not allowed to be unset");
	if (null_is_unset && !*value)
		return fail(lx, "%.*s: %s", (int)name.n, name.p,
			    *word ? word : "is not allowed to be empty");
	buf_adds(out, value);
	return 0;
}

static int modified(struct lexer *lx, struct str name, char mod, bool null_is_unset,
		    struct buf *out)
{
	const char mods[3] = { null_is_unset ? ':' : mod, null_is_unset ? mod : 0, 0 };
	autobuf word = { 0 };
	const char *value;
	bool there;

	if (inner(lx, '}', mod == '#' || mod == '%', &word) < 0)
		return -ERR_INVALID;
	value = value_of(lx, name);
	there = value && (*value || !null_is_unset);
	if (!value && (lx->flags & EXPAND_KEEP_UNSET))
		return keep(out, name, mods, word.p);
	switch (mod) {
	case '-':
		return buf_adds(out, there ? value : word.p);
	case '+':
		return buf_adds(out, there ? word.p : "");
	case '?':
		return required(lx, name, value, null_is_unset, word.p, out);
	default:
		return trim_value(lx, mod, word.p, value ? value : "", out);
	}
}

static int replaced(struct lexer *lx, struct str name, struct buf *out)
{
	bool all = peek(lx) == '/';
	autobuf pattern = { 0 }, with = { 0 };
	autofree char *res = NULL;
	const char *value;
	int r;

	if (all)
		next(lx);
	if (inner(lx, '/', true, &pattern) < 0)
		return -ERR_INVALID;
	if (inner(lx, '}', true, &with) < 0)
		return -ERR_INVALID;
	value = value_of(lx, name);
	if (!value && (lx->flags & EXPAND_KEEP_UNSET)) {
		autofree char *text = xprintf("%s/%s", pattern.p, with.p);

		return keep(out, name, all ? "//" : "/", text);
	}
	r = pattern_replace(pattern.p, value ? value : "", with.p, all, &res, lx->err);
	return r < 0 ? r : buf_adds(out, res);
}

static int plain(struct lexer *lx, struct str name, bool braces, struct buf *out)
{
	const char *value = value_of(lx, name);

	if (value)
		return buf_adds(out, value);
	if (!(lx->flags & EXPAND_KEEP_UNSET))
		return 0;
	return buf_addf(out, braces ? "${%.*s}" : "$%.*s", (int)name.n, name.p);
}

static int braced(struct lexer *lx, struct buf *out)
{
	struct str name;
	bool colon = false;
	int c = peek(lx);

	if (c < 0)
		return fail(lx, "${ is not closed: } is missing");
	if (c == '{' || c == '}' || c == ':')
		return fail(lx, "bad substitution: ${ is followed by %c where a name must be", c);
	name = take_name(lx);
	c = next(lx);
	if (c == '}')
		return plain(lx, name, true, out);
	if (c == ':') {
		colon = true;
		c = next(lx);
	}
	if (c < 0)
		return fail(lx, "${%.*s is not closed: } is missing", (int)name.n, name.p);
	if (c == '/' && !colon)
		return replaced(lx, name, out);
	if (!strchr("-+?#%", c) || (colon && (c == '#' || c == '%')))
		return fail(
			lx,
			"${%.*s%s%c...}: unsupported modifier in substitution; there are :- - :+ + "
			":? ? # ## %% %%%% / //",
			(int)name.n, name.p, colon ? ":" : "", c);
	return modified(lx, name, (char)c, colon, out);
}

static int dollar(struct lexer *lx, struct buf *out)
{
	struct str name;

	next(lx);
	if (peek(lx) == '{') {
		next(lx);
		return braced(lx, out);
	}
	name = take_name(lx);
	if (!name.n)
		return buf_addc(out, '$');
	return plain(lx, name, false, out);
}

/* ---- the text ---- */

/* "<<" and blanks belong to the word that follows: "<< EOF" is one word. */
static int heredoc_mark(struct lexer *lx, struct buf *out)
{
	int c;

	buf_addc(out, (char)next(lx));
	if (peek(lx) != '<')
		return 0;
	buf_addc(out, (char)next(lx));
	while ((c = peek(lx)) == ' ' || c == '\t' || c == '\r')
		buf_addc(out, (char)next(lx));
	return 0;
}

/* 1: one of the special characters was handled. */
static int special(struct lexer *lx, int c, struct buf *out)
{
	size_t from = out->len;
	int r;

	if (c == '$')
		r = dollar(lx, out);
	else if (c == '<')
		r = heredoc_mark(lx, out);
	else if (c == '\'' && !(lx->flags & EXPAND_NO_QUOTES))
		r = single_quoted(lx, out);
	else if (c == '"' && !(lx->flags & EXPAND_NO_QUOTES))
		r = double_quoted(lx, out);
	else
		return 0;
	if (r < 0)
		return r;
	if (out->failed)
		return 1;
	if (c == '$')
		word_add(lx, out->p + from, out->len - from);
	else
		word_add_raw(lx, out->p + from, out->len - from);
	return 1;
}

static void ordinary(struct lexer *lx, struct buf *out)
{
	char c = (char)next(lx);
	int e;

	if (c != lx->escape) {
		word_add(lx, &c, 1);
		buf_addc(out, c);
		return;
	}
	if (lx->raw_escapes) {
		word_add_raw(lx, &c, 1);
		buf_addc(out, c);
	}
	e = next(lx);
	if (e < 0)
		return;
	c = (char)e;
	word_add_raw(lx, &c, 1);
	buf_addc(out, c);
}

/* Up to `stop` (0: the end), which is taken too. */
static int run_until(struct lexer *lx, char stop, struct buf *out)
{
	int c, r;

	while ((c = peek(lx)) >= 0) {
		if (stop && c == stop) {
			next(lx);
			return buf_check(out, "the expanded text", lx->err);
		}
		r = special(lx, c, out);
		if (r < 0)
			return r;
		if (!r)
			ordinary(lx, out);
	}
	if (stop)
		return fail(lx, "${ is not closed: %c is missing", stop);
	return buf_check(out, "the expanded text", lx->err);
}

static int run(const char *s, char escape, unsigned flags, const struct map *env,
	       struct strv *unset, struct strv *words, struct buf *out, struct error *err)
{
	struct error local = ERROR_INIT;
	struct lexer lx = {
		.s = str_of(s),
		.escape = escape,
		.flags = flags,
		.raw_escapes = flags & EXPAND_RAW_ESCAPES,
		.env = env,
		.unset = unset,
		.words = words,
		.err = err ? err : &local,
	};
	int r;

	buf_init(out, LIMIT_EXPANSION);
	buf_init(&lx.word, LIMIT_EXPANSION);
	r = run_until(&lx, 0, out);
	if (r >= 0)
		word_end(&lx);
	buf_done(&lx.word);
	if (r < 0)
		error_wrap(lx.err, "cannot expand %.200s", s);
	return r;
}

int expand_word(const char *s, char escape, unsigned flags, const struct map *env,
		struct strv *unset, char **ret, struct error *err)
{
	autobuf out = { 0 };
	int r = run(s, escape, flags, env, unset, NULL, &out, err);

	if (r >= 0)
		*ret = buf_steal(&out);
	return r < 0 ? r : 0;
}

int expand_words(const char *s, char escape, unsigned flags, const struct map *env,
		 struct strv *unset, struct strv *ret, struct error *err)
{
	autostrv words = { 0 };
	autobuf out = { 0 };
	int r = run(s, escape, flags, env, unset, &words, &out, err);

	if (r >= 0)
		strv_extend(ret, &words);
	return r < 0 ? r : 0;
}
