/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the monitor knows of a container, in STATE/status/ID.health: health, and whether it is
 * waiting to restart it. Written by the monitor alone; a monitor that takes over goes on from it.
 */
#ifndef LOCAL_HEALTH_H
#define LOCAL_HEALTH_H

#include "engine/engine.h"

#define LIMIT_HEALTH_LOG 4096 /* bytes of a probe's output that are kept */

struct health_status {
	int64_t started; /* of the life that it is about (status.started) */
	enum health health;
	int64_t streak; /* failures in a row */
	bool restarting;
	int64_t delay; /* ns: of the newest restart */
	char log[LIMIT_HEALTH_LOG + 1];
};
int health_read(int dirfd, const char *id, struct health_status *ret); /* 1 or 0 */
int health_write(int dirfd, const char *id, const struct health_status *h, struct error *err);

/* Whether there is a probe: neither none nor {"NONE"}. */
bool health_wanted(const struct healthcheck *h);
/* With Docker's defaults: 30 s, 30 s, 0, 5 s, 3. */
struct healthcheck_times {
	int64_t interval, timeout, start_period, start_interval, retries;
};
struct healthcheck_times health_times(const struct healthcheck *h);
/* After a probe at this age of the container: the new health and streak; and when the next is due.
 */
void health_probed(const struct healthcheck_times *t, int64_t age, bool ok,
		   struct health_status *h);
int64_t health_next(const struct healthcheck_times *t, int64_t age, const struct health_status *h);

/* Docker's back-off: 100 ms, doubled up to a minute, anew after a life of 10 s. */
int64_t restart_delay(int64_t last, int64_t lifetime);
/* Whether the policy brings it back. */
bool restart_due(enum restart_mode mode, unsigned max, int code, int64_t restarts, bool stopped);

#endif
