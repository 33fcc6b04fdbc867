/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose-monitor: one per project with a container that needs one (a restart policy, a health
 *check). It keeps nothing that isn't on disk: killed at any moment, the next one goes on from
 *there.
 *
 *	compose-monitor run PROJECT		until nothing of the project runs or is to be
 *restarted compose-monitor ended PROJECT ID	from a shim whose container has ended by itself:
 *what is left to do when no monitor does it
 *
 * It holds RUN/monitors/PROJECT.lock, which has its pid. Who starts a container looks at the lock after the status
 *says "running"; the monitor lets go of it, looks once more, and only then leaves: one of the two
 *always sees the other.
 */
#ifndef LOCAL_MONITOR_H
#define LOCAL_MONITOR_H

#include "engine/local/exec.h"
#include "engine/local/health.h"
#include "engine/local/local.h"
#include "event/loop.h"

struct monitor;

struct guard { /* of one container */
	struct monitor *m;
	struct record rec;
	int64_t started, handled; /* of the status that we know; the end that we have dealt with */
	struct life *life;
	struct oplock *lock;
	struct task *task;	  /* unplug, start or remove */
	sd_event_source *restart; /* timer */
	struct health_status health;
	struct probe *probe;
	sd_event_source *probe_timer;
};

struct monitor {
	struct local *l;
	const char *project;
	int lockfd;
	struct watch_handle *watch;
	struct map guards; /* id -> struct guard */
	sd_event_source *idle;
};

void monitor_forget(struct local *l); /* children of local_monitor() */
char *monitor_lock_path(const struct local *l, const char *project);
void monitor_idle(struct monitor *m); /* something has ended: perhaps all has */

/* monitor-health.c */
void health_begin(struct guard *g, int64_t started);
void health_stop(struct guard *g);
/* guard.c */
struct guard *guard_new(struct monitor *m, const char *id);
void guard_free(void *g);
void guard_look(struct guard *g); /* something about it has changed */
bool guard_busy(const struct guard *g);

#endif
