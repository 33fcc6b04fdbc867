/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UTIL_BASE64_H
#define UTIL_BASE64_H

#include "util/buf.h"

char *base64_encode(const void *p, size_t n); /* owned by the caller */
/* Appended. -ERR_INVALID, -ERR_LIMIT. */
int base64_decode_to(const char *s, struct buf *out, struct error *err);

#endif
