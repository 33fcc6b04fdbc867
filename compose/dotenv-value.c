/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/dotenv-value.h"
#include "compose/runes.h"

size_t dotenv_unquote(struct str s, struct buf *out)
{
	bool escaped = false;
	char quote = s.p[0];

	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == quote) {
			if (!escaped)
				return i + 1;
			escaped = false;
		} else if (escaped) {
			escaped = false;
			buf_addc(out, '\\');
		} else if (s.p[i] == '\\') {
			escaped = true;
			continue;
		}
		buf_addc(out, s.p[i]);
	}
	return 0;
}

/* s begins behind "\0": up to three digits. Three octal ones are a character; else the "\" stays
 * and the 0 goes, as Compose does it. Returns how many digits were taken. */
static size_t put_octal(struct str s, struct buf *out)
{
	unsigned value = 0;
	size_t n = 0;
	bool octal = true;

	for (; n < 3 && n < s.n && char_is_digit(s.p[n]); n++) {
		octal = octal && s.p[n] < '8';
		value = value * 8 + (unsigned)(s.p[n] - '0');
	}
	if (n == 3 && octal && value <= 255) {
		rune_put(value, out);
	} else {
		buf_addc(out, '\\');
		buf_add(out, s.p, n);
	}
	return n;
}

void dotenv_unescape(struct buf *text)
{
	static const char letters[] = "abfnrtv\"\\", meanings[] = "\a\b\f\n\r\t\v\"\\";
	struct str s = buf_str(text);
	const char *at;
	autobuf out;

	buf_init(&out, text->max);
	while (s.n) {
		at = s.n > 1 && s.p[0] == '\\' && s.p[1] ? strchr(letters, s.p[1]) : NULL;
		if (at) {
			buf_addc(&out, meanings[at - letters]);
			s = str_skip(s, 2);
		} else if (str_starts(s, "\\$")) {
			buf_adds(&out, "$$");
			s = str_skip(s, 2);
		} else if (str_starts(s, "\\0")) {
			s = str_skip(s, 2);
			s = str_skip(s, put_octal(s, &out));
		} else {
			buf_addc(&out, *s.p);
			s = str_skip(s, 1);
		}
	}
	buf_reset(text);
	buf_addstr(text, buf_str(&out));
}

static int raw_line(struct dotenv *d, const struct source *src, unsigned number, struct str line,
		    struct error *err)
{
	autofree char *key = NULL, *value = NULL;
	const char *inherited;
	struct str k, v;
	bool has_value = str_cut(line, '=', &k, &v);

	key = str_dup(k);
	if (!k.n)
		return error_set(err, ERR_INVALID, "no variable name on line '%.*s'",
				 (int)MIN(line.n, (size_t)256), line.p);
	if (strpbrk(key, " \t"))
		return error_set(err, ERR_INVALID, "variable '%.256s' contains whitespaces", key);
	if (has_value) {
		value = str_dup(v);
		dotenv_keep(d, src, number, key, value);
		return 0;
	}
	inherited = d->vars.get ? d->vars.get(d->vars.userdata, key, NULL) : NULL;
	if (inherited)
		dotenv_keep(d, src, number, key, inherited);
	return 0;
}

int dotenv_parse_raw(struct dotenv *d, const struct source *src, struct error *err)
{
	struct str text = dotenv_text(src), line, after;
	int r = 0;

	for (unsigned number = 1; r == 0 && text.n; number++) {
		str_cut(text, '\n', &line, &text);
		if (str_ends(line, "\r"))
			line.n--;
		if (!utf8_valid(line)) {
			r = error_set(err, ERR_INVALID, "invalid UTF-8 in line %u", number);
		} else {
			for (after = line; after.n && rune_is_space(rune_next(&after));
			     line = after)
				;
			if (line.n && *line.p != '#')
				r = raw_line(d, src, number, line, err);
		}
		if (r < 0)
			error_at(err, src->name, number, 1);
	}
	return r;
}
