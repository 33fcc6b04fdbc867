/* SPDX-License-Identifier: Apache-2.0 */
/* When to try again, how often, after how long: exponential with jitter, Retry-After as a floor, an
 * end to it. */
#ifndef REGISTRY_RETRY_H
#define REGISTRY_RETRY_H

#include "event/http.h"

#define RETRY_MAX     5 /* tries without progress */
#define RETRY_AT_MOST (120 * 1000000000LL)

struct retry {
	unsigned failures; /* since there was progress */
	unsigned max;	   /* 0: RETRY_MAX */
};

/* 408, 429 and 5xx that a server gives for a moment. */
bool retry_status(long status);
bool retry_error(const struct error *err);
/* Counts a failure. ns to wait before the next try, or -1: that was the last. resp may be NULL. */
int64_t retry_next(struct retry *r, const struct http_response *resp);
/* Adds to an error at the end of the tries how many there were. */
void retry_say(const struct retry *r, struct error *err);
/* Seconds or an HTTP date, in ns from `now` (ns since 1970); 0 when there is none. */
int64_t retry_after(const char *value, int64_t now);
/* Ends after this span. */
struct task *retry_pause(sd_event *loop, int64_t span);

#endif
