/* SPDX-License-Identifier: Apache-2.0 */
/* Moments and spans, in nanoseconds (int64_t) unless a name says otherwise. */
#ifndef UTIL_TIME_H
#define UTIL_TIME_H

#include "util/error.h"
#include "util/str.h"

#define NSEC_PER_SEC  1000000000LL
#define NSEC_PER_MSEC 1000000LL
#define NSEC_PER_USEC 1000LL

int64_t time_now(void);	      /* CLOCK_REALTIME, since 1970 */
int64_t time_monotonic(void); /* CLOCK_MONOTONIC */

#define TIME_TEXT_MAX 40
/* RFC 3339 in UTC with as many digits as needed ("2026-11-20T10:27:42.5Z"). */
const char *time_format(int64_t t, char out[TIME_TEXT_MAX]);
int time_parse(const char *s, int64_t *ret, struct error *err); /* RFC 3339, any offset */

/* Compose durations: Go's, and also d (24h) and w. "1m30s". */
int duration_parse(const char *s, int64_t *ret, struct error *err);
/* As Go prints one: "1m30s", "100µs", "0s". */
const char *duration_format(int64_t d, char out[TIME_TEXT_MAX]);
/* For people: "3 minutes", "About an hour", as docker ps says it. */
const char *duration_human(int64_t d, char out[TIME_TEXT_MAX]);

#endif
