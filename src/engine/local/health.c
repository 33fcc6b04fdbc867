/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/health.h"

#include "engine/local/status.h"
#include "util/io.h"
#include "util/time.h"

#define DEFAULT_INTERVAL       (30 * NSEC_PER_SEC)
#define DEFAULT_TIMEOUT	       (30 * NSEC_PER_SEC)
#define DEFAULT_START_INTERVAL (5 * NSEC_PER_SEC)
#define DEFAULT_RETRIES	       3

#define DELAY_FIRST (100 * NSEC_PER_MSEC)
#define DELAY_MAX   (60 * NSEC_PER_SEC)
#define LIFE_GOOD   (10 * NSEC_PER_SEC)

static void health_key(void *userdata, const char *key, const char *value)
{
	struct health_status *h = userdata;

	if (streq(key, "started"))
		h->started = kv_int(value);
	else if (streq(key, "health"))
		h->health = (enum health)kv_int(value);
	else if (streq(key, "streak"))
		h->streak = kv_int(value);
	else if (streq(key, "restarting"))
		h->restarting = kv_int(value) != 0;
	else if (streq(key, "delay"))
		h->delay = kv_int(value);
	else if (streq(key, "log"))
		snprintf(h->log, sizeof(h->log), "%s", value);
}

int health_read(int dirfd, const char *id, struct health_status *ret)
{
	autofree char *name = xprintf("%s.health", id);
	struct health_status h = { 0 };
	int r = kv_read(dirfd, name, health_key, &h, NULL);

	if (h.health < HEALTH_NONE || h.health > HEALTH_UNHEALTHY)
		h.health = HEALTH_STARTING;
	if (r > 0)
		*ret = h;
	return r > 0;
}

int health_write(int dirfd, const char *id, const struct health_status *h, struct error *err)
{
	autofree char *name = xprintf("%s.health", id);
	autobuf b = { 0 };

	buf_init(&b, 2 * LIMIT_HEALTH_LOG);
	kv_addi(&b, "started", h->started);
	kv_addi(&b, "health", h->health);
	kv_addi(&b, "streak", h->streak);
	kv_addi(&b, "restarting", h->restarting);
	kv_addi(&b, "delay", h->delay);
	if (h->log[0])
		kv_add(&b, "log", h->log);
	return io_replace_fast(dirfd, name, b.p, b.len, 0600, err);
}

bool health_wanted(const struct healthcheck *h)
{
	return h && h->test.n && !streq(h->test.v[0], "NONE");
}

struct healthcheck_times health_times(const struct healthcheck *h)
{
	return (struct healthcheck_times){
		.interval = h->interval > 0 ? h->interval : DEFAULT_INTERVAL,
		.timeout = h->timeout > 0 ? h->timeout : DEFAULT_TIMEOUT,
		.start_period = MAX(h->start_period, 0),
		.start_interval = h->start_interval > 0 ? h->start_interval
							: DEFAULT_START_INTERVAL,
		.retries = h->retries > 0 ? h->retries : DEFAULT_RETRIES,
	};
}

/* Failures while it is still starting don't count; a success ends the start. */
void health_probed(const struct healthcheck_times *t, int64_t age, bool ok, struct health_status *h)
{
	bool starting = h->health == HEALTH_STARTING || h->health == HEALTH_NONE;

	if (ok) {
		h->health = HEALTH_HEALTHY;
		h->streak = 0;
		return;
	}
	if (starting && age < t->start_period) {
		h->health = HEALTH_STARTING;
		return;
	}
	h->streak++;
	if (h->streak >= t->retries)
		h->health = HEALTH_UNHEALTHY;
	else if (starting)
		h->health = HEALTH_STARTING;
}

int64_t health_next(const struct healthcheck_times *t, int64_t age, const struct health_status *h)
{
	bool starting = h->health == HEALTH_STARTING || h->health == HEALTH_NONE;

	return starting && age < t->start_period ? t->start_interval : t->interval;
}

int64_t restart_delay(int64_t last, int64_t lifetime)
{
	if (!last || lifetime >= LIFE_GOOD)
		return DELAY_FIRST;
	return MIN(last * 2, DELAY_MAX);
}

bool restart_due(enum restart_mode mode, unsigned max, int code, int64_t restarts, bool stopped)
{
	if (stopped)
		return false;
	switch (mode) {
	case RESTART_ALWAYS:
	case RESTART_UNLESS_STOPPED:
		return true;
	case RESTART_ON_FAILURE:
		return code && (!max || restarts < (int64_t)max);
	case RESTART_NO:
		break;
	}
	return false;
}
