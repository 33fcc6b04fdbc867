/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile.h"

#include "builder/expand.h"

struct reader {
	struct dockerfile *df;
	struct str rest;
	unsigned number; /* of the line that was read last */
	bool directives; /* one may still come */
	bool seen_escape;
	struct strv comments;
	struct buf joined;
};

static void heredoc_vec_done(heredoc_vec *v)
{
	vec_foreach (h, v) {
		free(h->name);
		free(h->content);
	}
	vec_done(v);
}

static void line_done(struct line *l)
{
	free(l->text);
	free(l->name);
	free(l->args);
	strv_done(&l->flags);
	strv_done(&l->comments);
	heredoc_vec_done(&l->heredocs);
	vec_done(&l->pieces);
	*l = (struct line){ 0 };
}

/* The next physical line with its end; false at the end. */
static bool next_raw(struct reader *r, struct str *ret)
{
	const char *nl;

	if (!r->rest.n)
		return false;
	nl = memchr(r->rest.p, '\n', r->rest.n);
	*ret = (struct str){ r->rest.p, nl ? (size_t)(nl - r->rest.p) + 1 : r->rest.n };
	r->rest = str_skip(r->rest, ret->n);
	r->number++;
	return true;
}

static struct str trim_end(struct str s, const char *set)
{
	while (s.n && strchr(set, s.p[s.n - 1]))
		s.n--;
	return s;
}

static struct str trim_start(struct str s)
{
	while (s.n && char_is_space(s.p[0]))
		s = str_skip(s, 1);
	return s;
}

static int fail_at(struct reader *r, unsigned line, struct error *err, const char *fmt, ...)
	printf_like(4, 5);
static int fail_at(struct reader *r, unsigned line, struct error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_vset(err, ERR_INVALID, fmt, ap);
	va_end(ap);
	error_at(err, r->df->name, line, 1);
	return -ERR_INVALID;
}

/* "name = value" after the '#'. */
static bool directive_split(struct str s, struct str *name, struct str *value)
{
	size_t n = 0;

	s = trim_start(str_skip(s, 1));
	while (n < s.n && char_is_alnum(s.p[n]))
		n++;
	if (!n || !char_is_alpha(s.p[0]))
		return false;
	*name = (struct str){ s.p, n };
	s = trim_start(str_skip(s, n));
	if (!s.n || s.p[0] != '=')
		return false;
	*value = str_trim(str_skip(s, 1));
	return value->n > 0;
}

static int set_escape(struct reader *r, struct str value, struct error *err)
{
	if (!str_eq(value, "\\") && !str_eq(value, "`"))
		return fail_at(r, r->number, err,
			       "escape=%.*s: the escape character is \\ or ` and nothing else",
			       (int)MIN(value.n, 40), value.p);
	r->df->escape = value.p[0];
	return 0;
}

/* 1: it is one; 0: an ordinary comment, and no directive may follow. */
static int directive(struct reader *r, struct str line, struct error *err)
{
	char **slot = NULL;
	struct str name, value;
	autofree char *key = NULL, *text = NULL;

	if (!r->directives || !line.n || line.p[0] != '#' || !directive_split(line, &name, &value))
		return 0;
	text = str_dup(name);
	key = str_lower(text);
	if (streq(key, "syntax"))
		slot = &r->df->syntax;
	else if (streq(key, "check"))
		slot = &r->df->check;
	else if (!streq(key, "escape"))
		return 0;
	if (slot ? *slot != NULL : r->seen_escape)
		return fail_at(r, r->number, err, "only one %s directive can be used", key);
	if (slot) {
		*slot = str_dup(value);
		return 1;
	}
	r->seen_escape = true;
	return set_escape(r, value, err) ?: 1;
}

/* Cuts the continuation mark at the end: one escape, not itself escaped, and blanks. */
static bool cut_continuation(const struct dockerfile *df, struct str *line)
{
	struct str s = trim_end(*line, " \t");

	if (!s.n || s.p[s.n - 1] != df->escape || (s.n > 1 && s.p[s.n - 2] == df->escape))
		return false;
	s.n--;
	*line = s;
	return true;
}

static bool is_comment(struct str s)
{
	s = trim_start(s);
	return s.n && s.p[0] == '#';
}

static void add_piece(struct reader *r, struct line *l, struct str part, const char *raw)
{
	struct line_piece *p = vec_add(&l->pieces);

	p->at = r->joined.len;
	p->line = r->number;
	p->column = (unsigned)(part.p - raw) + 1;
	buf_addstr(&r->joined, part);
}

static void warn_empty_continuation(struct reader *r, unsigned line)
{
	struct dockerfile_warning *w = vec_add(&r->df->warnings);

	w->line = line;
	w->text = xstrdup("empty continuation line: one day this will be an error");
}

/* The lines that continue `l`, joined to it. */
static void read_continued(struct reader *r, struct line *l)
{
	struct str raw, s;
	bool more = true, empty = false;

	while (more && next_raw(r, &raw)) {
		s = trim_end(raw, "\r\n");
		if (is_comment(s))
			continue;
		if (!trim_start(s).n) {
			empty = true;
			continue;
		}
		more = cut_continuation(r->df, &s);
		add_piece(r, l, s, raw.p);
	}
	if (empty)
		warn_empty_continuation(r, r->number);
}

/* One word of the flags, with its quotes and escapes taken away. Stops at a blank. */
static struct str flag_word(struct str s, char escape, struct buf *out)
{
	char quote = 0;

	for (; s.n && (quote || !char_is_space(s.p[0])); s = str_skip(s, 1)) {
		char c = s.p[0];

		if (quote && c == quote) {
			quote = 0;
			continue;
		}
		if (!quote && (c == '\'' || c == '"')) {
			quote = c;
			continue;
		}
		if (c == escape) {
			if (s.n == 1)
				continue;
			s = str_skip(s, 1);
			c = s.p[0];
		}
		buf_addc(out, c);
	}
	return s;
}

static struct str take_flags(struct str s, char escape, struct strv *flags)
{
	autobuf word = { 0 };

	buf_init(&word, BUF_MAX_ANY);
	for (;;) {
		s = trim_start(s);
		if (s.n < 2 || s.p[0] != '-' || s.p[1] != '-')
			return s;
		buf_reset(&word);
		s = flag_word(s, escape, &word);
		if (streq(word.p, "--"))
			return s;
		strv_push(flags, word.p);
	}
}

static void split_line(struct line *l, char escape)
{
	struct str s = str_of(l->text);
	size_t n = 0;

	while (n < s.n && !char_is_space(s.p[n]))
		n++;
	l->name = xstrndup(s.p, n);
	l->args = str_dup(str_trim(take_flags(str_skip(s, n), escape, &l->flags)));
}

/* May this line have heredocs? ADD, COPY, RUN, or one of these after ONBUILD, and not in the JSON
 * form. */
static bool may_have_heredoc(const char *name, const char *args, char escape)
{
	autofree char *lower = str_lower(name);
	autostrv words = { 0 };

	if (streq(lower, "onbuild")) {
		struct line sub = { .text = xstrdup(args) };
		bool may;

		split_line(&sub, escape);
		may = !streq(sub.name, "") && strcasecmp(sub.name, "onbuild") &&
		      may_have_heredoc(sub.name, sub.args, escape);
		line_done(&sub);
		return may;
	}
	if (!streq(lower, "add") && !streq(lower, "copy") && !streq(lower, "run"))
		return false;
	return line_json(args, &words, NULL) == 0;
}

static bool heredoc_ends(const struct heredoc *h, struct str raw)
{
	struct str s = trim_end(raw, "\r\n");

	while (h->chomp && s.n && s.p[0] == '\t')
		s = str_skip(s, 1);
	return str_eq(s, h->name);
}

static int read_heredoc(struct reader *r, const struct line *l, struct heredoc *h,
			struct error *err)
{
	autobuf content = { 0 };
	struct str raw;

	buf_init(&content, LIMIT_DOCKERFILE);
	while (next_raw(r, &raw)) {
		if (heredoc_ends(h, raw)) {
			h->content = buf_steal(&content);
			return 0;
		}
		buf_addstr(&content, raw);
	}
	return fail_at(
		r, l->number, err,
		"unterminated heredoc: a line with only %s is missing before the end of the file",
		h->name);
}

static int read_heredocs(struct reader *r, struct line *l, struct error *err)
{
	autostrv words = { 0 };
	int ret = 0;

	if (!strstr(l->text, "<<") || !may_have_heredoc(l->name, l->args, r->df->escape))
		return 0;
	if (expand_words(l->text, '\\', EXPAND_RAW_QUOTES | EXPAND_RAW_ESCAPES | EXPAND_KEEP_UNSET,
			 NULL, NULL, &words, NULL) < 0)
		return 0;
	strv_foreach (w, &words) {
		struct heredoc h = { 0 };

		if (heredoc_parse(w, &h) != 1)
			continue;
		*vec_add(&l->heredocs) = h;
		ret = read_heredoc(r, l, &l->heredocs.v[l->heredocs.n - 1], err);
		if (ret < 0)
			break;
	}
	return ret;
}

static void note_comment(struct reader *r, struct str s)
{
	struct str text = str_trim(str_skip(s, 1));

	if (!text.n)
		strv_done(&r->comments);
	else
		strv_take(&r->comments, str_dup(text));
}

static int read_line(struct reader *r, struct str raw, struct str s, struct error *err)
{
	struct line *l = vec_add(&r->df->lines);
	bool more;
	size_t lead;

	l->number = r->number;
	l->comments = r->comments;
	r->comments = (struct strv){ 0 };
	buf_reset(&r->joined);
	more = cut_continuation(r->df, &s);
	add_piece(r, l, s, raw.p);
	if (more)
		read_continued(r, l);
	if (r->joined.failed)
		return fail_at(r, l->number, err, "this instruction is longer than %u bytes",
			       LIMIT_DOCKERFILE);
	l->text = str_dup(str_trim(buf_str(&r->joined)));
	lead = (size_t)(trim_start(buf_str(&r->joined)).p - r->joined.p);
	vec_foreach (p, &l->pieces)
		p->at = p->at > lead ? p->at - lead : 0;
	if (!*l->text) {
		line_done(l);
		r->df->lines.n--;
		return 0;
	}
	split_line(l, r->df->escape);
	if (read_heredocs(r, l, err) < 0)
		return -ERR_INVALID;
	l->end = r->number;
	return 0;
}

static int read_all(struct reader *r, struct error *err)
{
	struct str raw, s;
	int d;

	while (next_raw(r, &raw)) {
		s = trim_start(trim_end(raw, "\r\n"));
		d = directive(r, s, err);
		if (d < 0)
			return d;
		if (d)
			continue;
		r->directives = false;
		if (!s.n)
			continue;
		if (s.p[0] == '#')
			note_comment(r, s);
		else if (read_line(r, raw, s, err) < 0)
			return -ERR_INVALID;
	}
	return 0;
}

int dockerfile_parse(const char *name, struct str text, struct dockerfile *ret, struct error *err)
{
	struct dockerfile df = { .name = xstrdup(name), .escape = '\\' };
	struct reader r = { .df = &df, .rest = text, .directives = true };
	int res = 0;

	buf_init(&r.joined, LIMIT_DOCKERFILE);
	if (str_starts(text, "\xEF\xBB\xBF"))
		r.rest = str_skip(text, 3);
	if (text.n > LIMIT_DOCKERFILE)
		res = fail_at(&r, 1, err, "a Dockerfile may have %u bytes at most",
			      LIMIT_DOCKERFILE);
	else if (memchr(text.p, 0, text.n))
		res = fail_at(&r, 1, err, "this is no text: it holds a NUL byte");
	if (!res)
		res = read_all(&r, err);
	if (!res && !df.lines.n)
		res = fail_at(&r, MAX(r.number, 1u), err,
			      "there is no instruction in this file: it needs a FROM at least");
	strv_done(&r.comments);
	buf_done(&r.joined);
	if (res < 0)
		dockerfile_done(&df);
	else
		*ret = df;
	return res;
}

void dockerfile_done(struct dockerfile *df)
{
	vec_foreach (l, &df->lines)
		line_done(l);
	vec_done(&df->lines);
	vec_foreach (w, &df->warnings)
		free(w->text);
	vec_done(&df->warnings);
	free(df->name);
	free(df->syntax);
	free(df->check);
	*df = (struct dockerfile){ 0 };
}

int line_error_at(const struct dockerfile *df, const struct line *l, const char *what,
		  struct error *err)
{
	const char *at = what && *what ? strstr(l->text, what) : NULL;
	size_t offset = at ? (size_t)(at - l->text) : 0;
	const struct line_piece *p = l->pieces.n ? l->pieces.v : NULL;

	vec_foreach (q, &l->pieces)
		if (q->at <= offset)
			p = q;
	if (!p)
		return error_at(err, df->name, l->number, 1);
	return error_at(err, df->name, p->line, p->column + (unsigned)(offset - p->at));
}
