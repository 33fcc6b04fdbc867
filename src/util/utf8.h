/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UTIL_UTF8_H
#define UTIL_UTF8_H

#include "util/str.h"

/* The character that s (not empty) starts with, and how many bytes it takes; for what is no UTF-8,
 * U+FFFD and 1, as Go decodes it. */
uint32_t utf8_decode(struct str s, size_t *ret_n);

#endif
