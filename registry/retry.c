/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/retry.h"

#include "event/loop.h"
#include "util/hash.h"
#include "util/num.h"
#include "util/time.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define FIRST_PAUSE (250 * NSEC_PER_MSEC)
#define MAX_PAUSE   (30 * NSEC_PER_SEC)

bool retry_status(long status)
{
	return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
	       status == 504;
}

bool retry_error(const struct error *err)
{
	return err->code == ERR_NETWORK || err->code == ERR_TIMEOUT;
}

static int month_of(const char *s)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	for (int i = 0; i < 12; i++)
		if (!strncasecmp(s, names + (size_t)i * 3, 3))
			return i;
	return -1;
}

/* RFC 9110 5.6.7, the form that is in use: "Fri, 20 Nov 2026 10:27:42 GMT". */
static int64_t date_of(const char *s)
{
	struct tm tm = { 0 };
	char month[4];

	if (sscanf(s, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &tm.tm_mday, month, &tm.tm_year,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return -1;
	tm.tm_mon = month_of(month);
	tm.tm_year -= 1900;
	if (tm.tm_mon < 0 || tm.tm_year < 70 || tm.tm_year > 8000)
		return -1;
	return (int64_t)timegm(&tm);
}

int64_t retry_after(const char *value, int64_t now)
{
	int64_t at;
	uint64_t n;

	if (!value)
		return 0;
	if (num_parse_u64(str_trim(str_of(value)), 1000000, &n) == 0)
		return (int64_t)n * NSEC_PER_SEC;
	at = date_of(value);
	if (at < 0 || at > INT64_MAX / NSEC_PER_SEC || at * NSEC_PER_SEC <= now)
		return 0;
	return at * NSEC_PER_SEC - now;
}

/* Between three quarters and all of it, so that many clients don't come back at once. */
static int64_t jitter(int64_t span)
{
	char hex[5];
	unsigned n = 0;

	random_hex(2, hex);
	(void)sscanf(hex, "%4x", &n);
	return span - span / 4 * n / 65536;
}

int64_t retry_next(struct retry *r, const struct http_response *resp)
{
	unsigned max = r->max ? r->max : RETRY_MAX;
	int64_t span, floor;

	if (++r->failures >= max)
		return -1;
	span = jitter(MIN(FIRST_PAUSE << MIN(r->failures - 1, 16u), MAX_PAUSE));
	floor = resp ? retry_after(http_header(resp, "Retry-After"), time_now()) : 0;
	if (floor > RETRY_AT_MOST)
		return -1;
	return MAX(span, floor ? floor + span / 8 : 0);
}

void retry_say(const struct retry *r, struct error *err)
{
	size_t n = strlen(err->msg);

	if (r->failures > 1)
		snprintf(err->msg + n, sizeof(err->msg) - n, " (tried %u times)", r->failures);
}

struct pause {
	struct task task;
	sd_event_source *timer;
};

static void pause_free(struct task *t)
{
	struct pause *p = container_of(t, struct pause, task);

	sd_event_source_disable_unref(p->timer);
	free(p);
}

static void pause_cancel(struct task *t)
{
	struct pause *p = container_of(t, struct pause, task);
	struct error err;

	p->timer = sd_event_source_disable_unref(p->timer);
	error_set(&err, ERR_CANCELLED, "cancelled");
	task_fail(t, &err);
}

static const struct task_ops pause_ops = { "pause", pause_cancel, pause_free };

static void on_timer(void *userdata)
{
	struct pause *p = userdata;

	task_end(&p->task, 0);
}

struct task *retry_pause(sd_event *loop, int64_t span)
{
	struct pause *p = xnew(struct pause);
	struct error err = ERROR_INIT;

	task_init(&p->task, &pause_ops, loop);
	if (loop_after(loop, span, on_timer, p, &p->timer, &err) < 0)
		task_fail(&p->task, &err);
	return &p->task;
}
