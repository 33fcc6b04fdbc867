/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/logread.h"

#include "util/time.h"

static int hex4(struct str s, uint32_t *ret)
{
	uint32_t v = 0;

	if (s.n < 4)
		return -ERR_INVALID;
	for (int i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef";
		const char *d = s.p[i] ? strchr(digits, char_lower(s.p[i])) : NULL;

		if (!d)
			return -ERR_INVALID;
		v = v << 4 | (uint32_t)(d - digits);
	}
	*ret = v;
	return 0;
}

static void add_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_addc(b, (char)c);
	} else if (c < 0x800) {
		buf_addc(b, (char)(0xc0 | c >> 6));
		buf_addc(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_addc(b, (char)(0xe0 | c >> 12));
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addc(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_addc(b, (char)(0xf0 | c >> 18));
		buf_addc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addc(b, (char)(0x80 | (c & 0x3f)));
	}
}

static int unescape_u(struct str *s, struct buf *out)
{
	uint32_t c, low;

	if (hex4(*s, &c) < 0)
		return -ERR_INVALID;
	*s = str_skip(*s, 4);
	if (c >= 0xd800 && c < 0xdc00 && s->n >= 6 && s->p[0] == '\\' && s->p[1] == 'u' &&
	    hex4(str_skip(*s, 2), &low) == 0 && low >= 0xdc00 && low < 0xe000) {
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		*s = str_skip(*s, 6);
	}
	add_utf8(out, c);
	return 0;
}

/* From after the opening quote to after the closing one. */
static int read_string(struct str *s, struct buf *out)
{
	static const char from[] = "nrtbf\"\\/", to[] = "\n\r\t\b\f\"\\/";

	while (s->n) {
		size_t run = 0;
		const char *f;
		char c;

		while (run < s->n && s->p[run] != '"' && s->p[run] != '\\')
			run++;
		buf_add(out, s->p, run);
		*s = str_skip(*s, run);
		if (!s->n)
			break;
		c = *s->p;
		*s = str_skip(*s, 1);
		if (c == '"')
			return 0;
		if (!s->n)
			break;
		c = *s->p;
		*s = str_skip(*s, 1);
		if (c == 'u') {
			if (unescape_u(s, out) < 0)
				return -ERR_INVALID;
			continue;
		}
		f = c ? strchr(from, c) : NULL;
		if (!f)
			return -ERR_INVALID;
		buf_addc(out, to[f - from]);
	}
	return -ERR_INVALID;
}

static bool skip(struct str *s, char c)
{
	while (s->n && char_is_space(*s->p))
		*s = str_skip(*s, 1);
	if (!s->n || *s->p != c)
		return false;
	*s = str_skip(*s, 1);
	return true;
}

int log_decode(struct str line, struct buf *space, struct log_line *ret)
{
	struct log_line l = { .partial = true };
	size_t n_text = 0;
	bool has_log = false;

	buf_reset(space);
	if (!skip(&line, '{'))
		return -ERR_INVALID;
	do {
		char key[16] = "";
		size_t at = space->len;

		if (!skip(&line, '"') || read_string(&line, space) < 0)
			return -ERR_INVALID;
		snprintf(key, sizeof(key), "%s", space->p + at);
		buf_truncate(space, at);
		if (!skip(&line, ':') || !skip(&line, '"') || read_string(&line, space) < 0)
			return -ERR_INVALID;
		if (streq(key, "log") && !has_log) {
			has_log = true;
			n_text = space->len;
			continue;
		}
		if (streq(key, "stream"))
			l.is_stderr = streq(space->p + at, "stderr");
		else if (streq(key, "time"))
			time_parse(space->p + at, &l.time, NULL);
		buf_truncate(space, at);
	} while (skip(&line, ','));
	if (!has_log || !skip(&line, '}') || space->failed)
		return -ERR_INVALID;
	if (n_text && space->p[n_text - 1] == '\n') {
		n_text--;
		l.partial = false;
	}
	l.text = (struct str){ space->p, n_text };
	*ret = l;
	return 0;
}
