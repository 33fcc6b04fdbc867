/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/monitor.h"

#include "util/fd.h"
#include "util/time.h"

void guard_free(void *p)
{
	struct guard *g = p;

	if (!g)
		return;
	health_stop(g);
	life_free(g->life);
	oplock_free(g->lock);
	task_unref(g->task);
	sd_event_source_disable_unref(g->restart);
	record_done(&g->rec);
	free(g);
}

bool guard_busy(const struct guard *g)
{
	struct status st = { 0 };

	if (g->lock || g->task || g->restart)
		return true;
	return container_status(g->m->l, g->rec.id, &st, NULL) > 0 && st.state == RUN_RUNNING;
}

/* Of a container that was removed meanwhile nothing is written any more. */
static void write_health(struct guard *g)
{
	struct status st = { 0 };

	if (status_read(g->m->l->status_fd, g->rec.id, &st, NULL) <= 0)
		return;
	health_write(g->m->l->status_fd, g->rec.id, &g->health, NULL);
}

static void on_started(struct task *t, int r, void *userdata)
{
	struct guard *g = userdata;

	/* As Docker: what can't be started isn't tried again. Its error is in its status. */
	g->task = task_unref(g->task);
	g->health.restarting = false;
	write_health(g);
	guard_look(g);
	monitor_idle(g->m);
}

static void do_restart(void *userdata)
{
	struct guard *g = userdata;
	struct status st = { 0 };

	g->restart = sd_event_source_disable_unref(g->restart);
	if (want_read(g->m->l, g->rec.id) == WANT_STOP ||
	    status_read(g->m->l->status_fd, g->rec.id, &st, NULL) <= 0) {
		g->health.restarting = false;
		write_health(g);
		monitor_idle(g->m);
		return;
	}
	g->task = local_start(g->m->l, g->rec.id, st.restarts + 1);
	task_on_done(g->task, on_started, g);
}

static void on_removed(struct task *t, int r, void *userdata)
{
	struct guard *g = userdata;

	g->task = task_unref(g->task);
	monitor_idle(g->m);
}

/* The end is put away: what now? */
static void decide(struct guard *g)
{
	const struct container_spec *s = &g->rec.spec;
	struct local *l = g->m->l;
	struct status st = { 0 };
	bool stopped = want_read(l, g->rec.id) != WANT_RUN;

	if (status_read(l->status_fd, g->rec.id, &st, NULL) <= 0 || st.state != RUN_EXITED) {
		guard_look(g);
		return;
	}
	if (restart_due(s->restart, s->restart_max, st.code, st.restarts, stopped)) {
		g->health.delay = restart_delay(g->health.delay, st.finished - st.started);
		g->health.restarting = true;
		write_health(g);
		loop_after(l->engine.loop, g->health.delay, do_restart, g, &g->restart, NULL);
		return;
	}
	if (g->health.restarting) {
		g->health.restarting = false;
		write_health(g);
	}
	if (s->auto_remove) {
		g->task = local_container_remove(&l->engine, g->rec.id, false, true);
		task_on_done(g->task, on_removed, g);
	}
	monitor_idle(g->m);
}

static void on_unplugged(struct task *t, int r, void *userdata)
{
	struct guard *g = userdata;

	g->task = task_unref(g->task);
	g->lock = oplock_free(g->lock);
	decide(g);
}

static void on_lock(void *userdata, int r, const struct error *err)
{
	struct guard *g = userdata;
	struct local *l = g->m->l;
	struct status st = { 0 };

	if (r == 0)
		r = recover_container(l, &g->rec, NULL);
	/* Somebody may have started it again, or removed it, before the lock was ours. */
	if (r < 0 || status_read(l->status_fd, g->rec.id, &st, NULL) <= 0 ||
	    st.state != RUN_EXITED) {
		g->lock = oplock_free(g->lock);
		guard_look(g);
		monitor_idle(g->m);
		return;
	}
	g->handled = st.finished;
	g->task = net_unplug(l->net, g->rec.id);
	task_on_done(g->task, on_unplugged, g);
}

static void on_life_ended(void *userdata)
{
	struct guard *g = userdata;

	g->life = life_free(g->life);
	guard_look(g);
	monitor_idle(g->m);
}

void guard_look(struct guard *g)
{
	struct local *l = g->m->l;
	struct status st = { 0 };

	if (container_status(l, g->rec.id, &st, NULL) <= 0)
		return;
	if (st.state == RUN_RUNNING) {
		if (st.started != g->started) /* another shim */
			g->life = life_free(g->life);
		if (!g->life)
			life_new(l, g->rec.id, on_life_ended, g, &g->life, NULL);
		if (st.started != g->started)
			health_begin(g, st.started);
		g->started = st.started;
		return;
	}
	health_stop(g);
	/* A shim that was killed leaves no moment of its end. */
	if (st.state == RUN_EXITED &&
	    (!st.finished || st.finished < st.started || st.finished != g->handled) && !g->lock &&
	    !g->task && !g->restart)
		g->lock = oplock_new(l, g->rec.id, on_lock, g);
}

struct guard *guard_new(struct monitor *m, const char *id)
{
	struct record rec = { 0 };
	struct guard *g;
	const char *project;

	if (record_find(store_db(m->l->store), id, &rec, NULL) <= 0)
		return NULL;
	project = strmap_get(&rec.spec.labels, LABEL_PROJECT);
	if (!streq(project ? project : "", m->project)) {
		record_done(&rec);
		return NULL;
	}
	g = xnew(struct guard);
	g->m = m;
	g->rec = rec;
	health_read(m->l->status_fd, id, &g->health);
	return g;
}
