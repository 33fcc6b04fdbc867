/* SPDX-License-Identifier: Apache-2.0 */
/* The forms that the arguments of an instruction may have: words, JSON, heredoc marks. */
#include "builder/dockerfile.h"
#include "builder/expand.h"

#include "util/json.h"
#include "util/utf8.h"

struct words {
	struct str s;
	char escape;
	struct buf word;
	bool blank_ok; /* the word is there even when it is empty: it had quotes */
};

/* How long the blank at the start of s is: 0 when there is none. One of a web page counts too. */
static size_t blank(struct str s)
{
	uint32_t c;
	size_t n;

	if (!s.n || !(s.p[0] & 0x80))
		return s.n && char_is_space(s.p[0]);
	c = utf8_decode(s, &n);
	return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
			       c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
			       c == 0x3000
		       ? n
		       : 0;
}

/* Takes an escape and what it escapes, as they are. False at the end of the text: the escape is
 * dropped. */
static bool take_escaped(struct words *w)
{
	if (w->s.n < 2)
		return false;
	buf_add(&w->word, w->s.p, 2);
	w->s = str_skip(w->s, 2);
	return true;
}

static void take_quoted(struct words *w)
{
	char quote = w->s.p[0];

	w->blank_ok = true;
	buf_addc(&w->word, quote);
	w->s = str_skip(w->s, 1);
	while (w->s.n) {
		char c = w->s.p[0];

		if (c == w->escape && quote != '\'') {
			if (take_escaped(w))
				continue;
			w->s = str_skip(w->s, 1);
			return;
		}
		buf_addc(&w->word, c);
		w->s = str_skip(w->s, 1);
		if (c == quote)
			return;
	}
}

static void take_word(struct words *w)
{
	while (w->s.n && !blank(w->s)) {
		char c = w->s.p[0];

		if (c == '\'' || c == '"') {
			take_quoted(w);
		} else if (c != w->escape || !take_escaped(w)) {
			if (c != w->escape)
				buf_addc(&w->word, c);
			w->s = str_skip(w->s, 1);
		}
	}
}

void line_words(const char *args, char escape, struct strv *ret)
{
	struct words w = { .s = str_of(args), .escape = escape };

	buf_init(&w.word, BUF_MAX_ANY);
	for (;;) {
		while (blank(w.s))
			w.s = str_skip(w.s, blank(w.s));
		if (!w.s.n)
			break;
		buf_reset(&w.word);
		w.blank_ok = false;
		take_word(&w);
		if (w.word.len || w.blank_ok)
			strv_push(ret, w.word.p);
	}
	buf_done(&w.word);
}

int line_json(const char *args, struct strv *ret, struct error *err)
{
	struct str s = str_trim(str_of(args));
	autojson *j = NULL;
	autostrv out = { 0 };
	json_t *v;
	size_t i;

	if (!s.n || s.p[0] != '[')
		return 0;
	if (json_parse(s.p, s.n, "arguments", &j, NULL) < 0)
		return 0;
	json_array_foreach (j, i, v) {
		if (!json_is_string(v))
			return error_set(
				err, ERR_INVALID,
				"the JSON form takes strings only: put the other values in double "
				"quotes");
		strv_push(&out, json_string_value(v));
	}
	strv_extend(ret, &out);
	return 1;
}

static size_t count_quotes(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == '\'' || *s == '"';
	return n;
}

int heredoc_parse(const char *word, struct heredoc *ret)
{
	autostrv plain = { 0 }, raw = { 0 };
	const char *p = word;
	bool chomp;

	while (char_is_digit(*p))
		p++;
	p = skip_prefix(p, "<<");
	if (!p)
		return 0;
	chomp = *p == '-';
	p += chomp;
	while (char_is_space(*p))
		p++;
	if (!*p || strchr(p, '<'))
		return 0;
	if (expand_words(p, '\\', EXPAND_KEEP_UNSET, NULL, NULL, &plain, NULL) < 0 ||
	    plain.n != 1 ||
	    expand_words(p, '\\', EXPAND_KEEP_UNSET | EXPAND_RAW_QUOTES, NULL, NULL, &raw, NULL) <
		    0 ||
	    raw.n != 1)
		return 0;
	*ret = (struct heredoc){
		.name = xstrdup(plain.v[0]),
		.expand = count_quotes(plain.v[0]) == count_quotes(raw.v[0]),
		.chomp = chomp,
	};
	return 1;
}

char *heredoc_text(const struct heredoc *h)
{
	autobuf out = { 0 };
	bool start = true;

	if (!h->chomp)
		return xstrdup(h->content);
	buf_init(&out, BUF_MAX_ANY);
	for (const char *p = h->content; *p; p++) {
		if (start && *p == '\t')
			continue;
		start = *p == '\n';
		buf_addc(&out, *p);
	}
	return buf_steal(&out);
}
