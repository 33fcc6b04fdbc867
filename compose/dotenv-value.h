/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to the readers of .env files. */
#ifndef COMPOSE_DOTENV_VALUE_H
#define COMPOSE_DOTENV_VALUE_H

#include "compose/dotenv.h"

/* s begins with a quote. What is between it and its end, with the escaped quotes as quotes and all
 * other backslashes kept. Returns how much of s was taken, 0 when it doesn't end. */
size_t dotenv_unquote(struct str s, struct buf *out);
/* The escapes of double quotes; "\$" becomes "$$", for the expansion that follows. */
void dotenv_unescape(struct buf *text);

int dotenv_parse_raw(struct dotenv *d, const struct source *src, struct error *err);
/* The text without a byte order mark. */
struct str dotenv_text(const struct source *src);
void dotenv_keep(struct dotenv *d, const struct source *src, unsigned line, const char *key,
		 const char *value);

#endif
