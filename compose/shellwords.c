/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/shellwords.h"

struct splitter {
	struct strv *words;
	struct buf word;
	bool in_word;
	bool escaped, single_quoted, double_quoted, backquoted, substituted;
};

static bool is_open(const struct splitter *s)
{
	return s->single_quoted || s->double_quoted || s->backquoted || s->substituted;
}

static void end_word(struct splitter *s)
{
	if (s->in_word)
		strv_push(s->words, s->word.p);
	s->in_word = false;
	buf_reset(&s->word);
}

static void put(struct splitter *s, char c)
{
	buf_addc(&s->word, c);
	s->in_word = true;
}

static void put_blank(struct splitter *s, char c)
{
	if (is_open(s))
		buf_addc(&s->word, c);
	else
		end_word(s);
}

/* A quote that opens or closes; an empty pair is an empty word. */
static void toggle(struct splitter *s, bool *quoted)
{
	s->in_word |= *quoted;
	*quoted = !*quoted;
}

/* "$(" may open; any other parenthesis is refused where it isn't quoted. */
static int parenthesis(struct splitter *s, char c)
{
	bool quoted = s->single_quoted || s->double_quoted || s->backquoted;

	if (!quoted && c == ')')
		s->substituted = !s->substituted;
	if (!quoted && c == '(') {
		if (s->substituted || !ends_with(s->word.p, "$"))
			return -ERR_INVALID;
		s->substituted = true;
	}
	put(s, c);
	return 0;
}

/* A digit before `>` is a descriptor, and goes with it. */
static void end_command(struct splitter *s, char c)
{
	if (c == '>' && char_is_digit(s->word.p[0]))
		s->in_word = false;
}

/* 1 when the command ends here. */
static int put_char(struct splitter *s, char c)
{
	switch (c) {
	case '`':
		if (!s->single_quoted && !s->double_quoted && !s->substituted)
			s->backquoted = !s->backquoted;
		break;
	case '(':
	case ')':
		return parenthesis(s, c);
	case '"':
		if (s->single_quoted || s->substituted)
			break;
		toggle(s, &s->double_quoted);
		return 0;
	case '\'':
		if (s->double_quoted || s->substituted)
			break;
		toggle(s, &s->single_quoted);
		return 0;
	case ';':
	case '&':
	case '|':
	case '<':
	case '>':
		if (is_open(s))
			break;
		end_command(s, c);
		return 1;
	default:
		break;
	}
	put(s, c);
	return 0;
}

static int split(struct splitter *s, const char *text)
{
	int r = 0;

	for (const char *p = text; *p && r == 0; p++) {
		if (s->escaped) {
			put(s, *p);
			s->escaped = false;
		} else if (*p == '\\' && s->single_quoted) {
			buf_addc(&s->word, *p);
		} else if (*p == '\\') {
			s->escaped = true;
		} else if (strchr(" \t\r\n", *p)) {
			put_blank(s, *p);
		} else {
			r = put_char(s, *p);
		}
	}
	return r;
}

int shell_words(const char *text, struct strv *ret, struct error *err)
{
	autostrv words = { 0 };
	struct splitter s = { .words = &words };
	int r;

	buf_init(&s.word, BUF_MAX_ANY);
	r = split(&s, text);
	end_word(&s);
	buf_done(&s.word);
	if (r < 0 || s.escaped || is_open(&s))
		return error_set(err, ERR_INVALID, "invalid command line string");
	strv_extend(ret, &words);
	return 0;
}
