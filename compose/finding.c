/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/finding.h"

#include "util/buf.h"

#include <stdio.h>

#define SHOWN_LINE_MAX 160 /* characters of the line above the caret */

void findings_done(struct findings *f)
{
	vec_foreach (it, &f->list) {
		free(it->message);
		free(it->hint);
	}
	vec_done(&f->list);
	vec_foreach (a, &f->arenas)
		arena_free(*a);
	vec_done(&f->arenas);
	*f = (struct findings){ 0 };
}

/* Files of other machines are quoted: they don't get to steer the terminal. */
static void make_safe(char *s)
{
	for (unsigned char *p = (unsigned char *)s; *p; p++) {
		bool c1 = *p == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0;

		if ((*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f || c1)
			*p = '?';
		if (c1)
			p[1] = '?';
	}
}

static void add(struct findings *f, enum severity severity, struct place at, const char *fmt,
		va_list ap) printf_like(4, 0);

static void add(struct findings *f, enum severity severity, struct place at, const char *fmt,
		va_list ap)
{
	char *message = NULL;

	if (severity == FINDING_ERROR)
		f->n_errors++;
	/* An error must not be lost because a hundred warnings came before it. */
	if (f->list.n >= LIMIT_FINDINGS &&
	    (severity == FINDING_WARNING || f->n_errors > LIMIT_FINDINGS)) {
		f->n_dropped++;
		return;
	}
	if (vasprintf(&message, fmt, ap) < 0)
		abort();
	make_safe(message);
	*vec_add(&f->list) = (struct finding){ .severity = severity, .at = at, .message = message };
}

int finding_error(struct findings *f, struct place at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(f, FINDING_ERROR, at, fmt, ap);
	va_end(ap);
	return -ERR_INVALID;
}

void finding_warning(struct findings *f, struct place at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(f, FINDING_WARNING, at, fmt, ap);
	va_end(ap);
}

void finding_hint(struct findings *f, const char *fmt, ...)
{
	struct finding *newest = f->list.n ? &f->list.v[f->list.n - 1] : NULL;
	va_list ap;

	if (!newest || f->n_dropped)
		return;
	free(newest->hint);
	va_start(ap, fmt);
	if (vasprintf(&newest->hint, fmt, ap) < 0)
		abort();
	make_safe(newest->hint);
	va_end(ap);
}

static const char *colour_of(bool colour, const char *code)
{
	return colour ? code : "";
}

/* The text of a line (from 1), without its end. */
static bool find_line(struct str text, unsigned line, struct str *ret)
{
	struct str head;

	for (unsigned i = 1;; i++) {
		bool more = str_cut(text, '\n', &head, &text);

		if (i == line)
			break;
		if (!more)
			return false;
	}
	if (head.n && head.p[head.n - 1] == '\r')
		head.n--;
	*ret = head;
	return true;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

/* What the terminal must not obey is a blank; a tab stays one, so that the caret comes under its
 * character. */
static void put_line(struct str line, struct buf *out)
{
	unsigned char c, before = 0;

	for (size_t i = 0, shown = 0; i < line.n && shown < SHOWN_LINE_MAX; i++, before = c) {
		c = (unsigned char)line.p[i];
		if (before == 0xC2 && c < 0xA0) /* a C1 control: not one any more */
			c = 0xA0;
		buf_addc(out, (c < 0x20 && c != '\t') || c == 0x7f ? ' ' : (char)c);
		if (!is_continuation((char)c))
			shown++;
	}
}

static void put_caret(struct str line, unsigned column, bool colour, struct buf *out)
{
	size_t i = 0;

	for (unsigned c = 1; c < column; c++) {
		buf_addc(out, i < line.n && line.p[i] == '\t' ? '\t' : ' ');
		i++;
		while (i < line.n && is_continuation(line.p[i]))
			i++;
	}
	buf_addf(out, "%s^%s\n", colour_of(colour, "\033[1;32m"), colour_of(colour, "\033[0m"));
}

static void put_excerpt(struct place at, bool colour, struct buf *out)
{
	struct str line;

	if (!at.line || !at.source->text.n || !find_line(at.source->text, at.line, &line) ||
	    !utf8_valid(line))
		return;
	buf_adds(out, "    ");
	put_line(line, out);
	buf_adds(out, "\n");
	if (!at.column || at.column > SHOWN_LINE_MAX)
		return;
	buf_adds(out, "    ");
	put_caret(line, at.column, colour, out);
}

static void put_name(const struct source *s, struct buf *out)
{
	autofree char *name = xstrdup(s->name);

	make_safe(name);
	buf_adds(out, name);
}

static void put_chain(const struct source *s, struct buf *out)
{
	for (; s && s->from; s = s->from) {
		buf_addf(out, "    %s from ", streq0(s->why, "extends") ? "extended" : "included");
		put_name(s->from, out);
		buf_addf(out, ":%u:%u\n", s->from_line, s->from_column);
	}
}

static void put_place(struct place at, struct buf *out)
{
	if (!at.source)
		return;
	put_name(at.source, out);
	if (at.line)
		buf_addf(out, ":%u:%u", at.line, at.column);
	buf_adds(out, ": ");
}

static void put_finding(const struct finding *f, bool colour, struct buf *out)
{
	bool is_error = f->severity == FINDING_ERROR;

	buf_adds(out, colour_of(colour, "\033[1m"));
	put_place(f->at, out);
	buf_addf(out, "%s%s:%s %s%s\n", colour_of(colour, is_error ? "\033[31m" : "\033[33m"),
		 is_error ? "error" : "warning", colour_of(colour, "\033[0m"), f->message,
		 colour_of(colour, "\033[0m"));
	if (f->at.source)
		put_excerpt(f->at, colour, out);
	if (f->hint)
		buf_addf(out, "    %s\n", f->hint);
	if (f->at.source)
		put_chain(f->at.source, out);
}

void findings_print(const struct findings *f, bool colour, struct buf *out)
{
	vec_foreach (it, &f->list)
		put_finding(it, colour, out);
	if (f->n_dropped)
		buf_addf(out, "and %zu more\n", f->n_dropped);
}
