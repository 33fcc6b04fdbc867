/* SPDX-License-Identifier: Apache-2.0 */
/* The few questions that Compose asks of Unicode characters: Go's unicode.IsLetter, IsNumber,
 * IsSpace. */
#ifndef COMPOSE_RUNES_H
#define COMPOSE_RUNES_H

#include "util/buf.h"
#include "util/utf8.h"

bool rune_is_letter(uint32_t c);
bool rune_is_number(uint32_t c);
bool rune_is_space(uint32_t c);
/* The next character, 0 at the end; *s is moved behind it. */
uint32_t rune_next(struct str *s);
/* Appends it as UTF-8. */
void rune_put(uint32_t c, struct buf *out);

#endif
