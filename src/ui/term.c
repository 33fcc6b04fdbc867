/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/term.h"

#include <sys/ioctl.h>
#include <utf8proc.h>

void term_size(int fd, unsigned *ret_columns, unsigned *ret_rows)
{
	struct winsize ws = { 0 };
	bool known = ioctl(fd, TIOCGWINSZ, &ws) == 0;

	*ret_columns = known && ws.ws_col ? ws.ws_col : 80;
	*ret_rows = known && ws.ws_row ? ws.ws_row : 24;
}

/* One character: its bytes and columns. What is no UTF-8 is one byte of one column. */
static size_t next_character(struct str s, size_t *ret_width)
{
	utf8proc_int32_t c;
	utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s.p, s.n, &c);

	if (n <= 0) {
		*ret_width = 1;
		return 1;
	}
	*ret_width = utf8proc_charwidth(c);
	return n;
}

size_t text_width(struct str s)
{
	size_t width = 0, w;

	while (s.n) {
		s = str_skip(s, next_character(s, &w));
		width += w;
	}
	return width;
}

void text_fit(struct str s, size_t columns, struct buf *out)
{
	size_t room = columns, w;

	if (text_width(s) <= columns) {
		buf_addstr(out, s);
		return;
	}
	if (!columns)
		return;
	while (s.n) {
		size_t n = next_character(s, &w);

		if (w + 1 > room)
			break;
		buf_add(out, s.p, n);
		room -= w;
		s = str_skip(s, n);
	}
	buf_adds(out, "…");
}

/* The length of a colour sequence ESC [ digits ; ... m at the start of s, or 0. */
static size_t colour_sequence(struct str s)
{
	size_t i = 2;

	if (s.n < 3 || s.p[0] != '\033' || s.p[1] != '[')
		return 0;
	while (i < s.n && (char_is_digit(s.p[i]) || s.p[i] == ';'))
		i++;
	return i < s.n && s.p[i] == 'm' ? i + 1 : 0;
}

/* U+0080 to U+009F: some terminals obey them as they obey ESC. */
static bool is_c1(struct str s)
{
	return s.n > 1 && (unsigned char)s.p[0] == 0xc2 && (unsigned char)s.p[1] >= 0x80 &&
	       (unsigned char)s.p[1] <= 0x9f;
}

void text_safe(struct str s, struct buf *out)
{
	bool coloured = false;

	if (str_ends(s, "\r")) /* a terminal's line ends in both */
		s.n--;
	while (s.n) {
		unsigned char c = s.p[0];
		size_t n = colour_sequence(s);

		if (n) {
			buf_add(out, s.p, n);
			coloured = true;
		} else if (is_c1(s)) {
			n = 2;
			buf_adds(out, "\uFFFD");
		} else {
			n = 1;
			if (c == '\t' || (c >= 0x20 && c != 0x7f))
				buf_addc(out, c);
			else
				buf_addf(out, "^%c", c ^ 0x40);
		}
		s = str_skip(s, n);
	}
	if (coloured)
		buf_adds(out, TERM_RESET);
}

void text_safe_lines(struct str s, struct buf *out)
{
	struct str line;

	while (str_cut(s, '\n', &line, &s)) {
		text_safe(line, out);
		buf_addc(out, '\n');
	}
	text_safe(line, out);
}

void text_utf8(struct str s, struct buf *out)
{
	while (s.n) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s.p, s.n, &c);

		if (n > 0)
			buf_add(out, s.p, n);
		else
			buf_adds(out, "\uFFFD");
		s = str_skip(s, n > 0 ? n : 1);
	}
}

const char *term_colour(unsigned n)
{
	static const char *const colours[] = { "\033[36m",   "\033[33m",   "\033[32m",
					       "\033[35m",   "\033[34m",   "\033[1;36m",
					       "\033[1;33m", "\033[1;32m", "\033[1;35m",
					       "\033[1;34m" };

	return colours[n % ARRAY_SIZE(colours)];
}
