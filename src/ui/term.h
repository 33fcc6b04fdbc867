/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal that we write to: is it one, how wide, and how wide text is on it. */
#ifndef UI_TERM_H
#define UI_TERM_H

#include "util/buf.h"

/* Columns and rows of the terminal behind fd; 80 and 24 when it isn't one or doesn't say. */
void term_size(int fd, unsigned *ret_columns, unsigned *ret_rows);
/* Columns that text takes (wide characters 2, combining and control ones 0). */
size_t text_width(struct str s);
/* The longest beginning of s that fits; with an ellipsis in place of the last column when it was cut. */
void text_fit(struct str s, size_t columns, struct buf *out);
/* A line that a container or registry wrote, for a terminal: control characters but tab become visible, escape sequences of
 * colour alone pass (and end with the line), a carriage return at its end is dropped. */
void text_safe(struct str s, struct buf *out);
void text_safe_lines(struct str s, struct buf *out); /* each line so */

/* As UTF-8 that is valid: each byte that isn't becomes U+FFFD. */
void text_utf8(struct str s, struct buf *out);

/* The colour of the n-th of several things (log prefixes): an escape sequence, "" past the end of colours. */
const char *term_colour(unsigned n);
#define TERM_RESET "\033[0m"

#endif
