/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in text, checked to the last character, and sizes as people write them. */
#ifndef UTIL_NUM_H
#define UTIL_NUM_H

#include "util/error.h"
#include "util/str.h"

/* Decimal; no blanks, no sign (u64), at most one '-' (i64). 0 or -ERR_INVALID, with no message. */
int num_parse_u64(struct str s, uint64_t max, uint64_t *ret);
int num_parse_i64(struct str s, int64_t min, int64_t max, int64_t *ret);
int num_parse_double(struct str s, double *ret); /* finite, '.' whatever the locale */
/* Go's strconv.ParseBool: 1, t, T, true, True, TRUE, and 0, f ... 0 or -ERR_INVALID, with no message. */
int num_parse_bool(const char *s, bool *ret);

/* Go units.RAMInBytes: "1.5g", "10 MB", "64KiB", binary whatever the suffix, -1 allowed. */
int num_parse_size(const char *s, int64_t *ret, struct error *err);
/* "1.5MB": three digits, decimal units, as docker prints them. */
#define NUM_SIZE_MAX 16
const char *num_format_size(uint64_t n, char out[NUM_SIZE_MAX]);

#endif
