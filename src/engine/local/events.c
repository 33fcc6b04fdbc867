/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/health.h"
#include "engine/local/keeper.h"
#include "engine/local/local.h"
#include "util/time.h"

struct known { /* a container, as it was when something last happened to it */
	struct events *e;
	struct record rec;
	struct container_info info;
	struct life *life; /* while it runs: a shim that is killed writes nothing */
};

struct events {
	struct task task;
	struct local *l;
	struct strv labels;
	engine_event_fn fn;
	void *userdata;
	struct watch_handle *watch;
	struct keeper *keeper; /* when the labels name a project */
	struct map known;      /* id -> struct known */
};

static void known_free(void *p)
{
	struct known *k = p;

	life_free(k->life);
	record_done(&k->rec);
	container_info_done(&k->info);
	free(k);
}

static void events_free(struct task *t)
{
	struct events *e = container_of(t, struct events, task);

	watch_remove(e->watch);
	keeper_free(e->keeper);
	map_done(&e->known);
	strv_done(&e->labels);
	free(e);
}

static void events_cancel(struct task *t)
{
	struct events *e = container_of(t, struct events, task);
	struct error err = ERROR_INIT;

	e->watch = watch_remove(e->watch);
	e->keeper = keeper_free(e->keeper);
	error_set(&err, ERR_CANCELLED, "cancelled");
	task_fail(t, &err);
}

static const struct task_ops events_ops = { "watch", events_cancel, events_free };

static void emit(struct events *e, enum engine_event_type type, const struct container_info *i)
{
	struct engine_event ev = { .type = type, .time = time_now(), .container = i };

	e->fn(e->userdata, &ev);
}

/* It was to come back, and won't. */
static bool gave_up(struct events *e, const struct container_info *was,
		    const struct container_info *is)
{
	return (is->error && !was->error) ||
	       (was->comes_back && !is->comes_back && want_read(e->l, is->id) == WANT_STOP);
}

/* Several of our changes may have become one by the time that we look. */
static void compare(struct events *e, const struct container_info *was,
		    const struct container_info *is)
{
	bool ran = was->state == CONTAINER_RUNNING || was->state == CONTAINER_PAUSED;
	bool runs = is->state == CONTAINER_RUNNING || is->state == CONTAINER_PAUSED;
	bool again = is->started != was->started;

	if (ran && (!runs || again)) {
		if (is->oom_killed)
			emit(e, EVENT_OOM, is);
		emit(e, EVENT_DIED, is);
		if (want_read(e->l, is->id) == WANT_STOP)
			emit(e, EVENT_STOPPED, is);
	}
	if (!ran && !runs && gave_up(e, was, is))
		emit(e, EVENT_STOPPED, is);
	if (again && runs) {
		emit(e, EVENT_STARTED, is);
		if (is->restarts > was->restarts)
			emit(e, EVENT_RESTARTED, is);
	} else if (again && is->finished != was->finished) {
		emit(e, EVENT_STARTED, is);
		emit(e, EVENT_DIED, is);
	}
	if (runs && is->health != was->health && is->health != HEALTH_NONE)
		emit(e, EVENT_HEALTH, is);
	if (was->state == CONTAINER_RUNNING && is->state == CONTAINER_PAUSED)
		emit(e, EVENT_PAUSED, is);
	if (was->state == CONTAINER_PAUSED && is->state == CONTAINER_RUNNING)
		emit(e, EVENT_UNPAUSED, is);
}

static void forget(struct events *e, const char *id)
{
	struct known *k = map_get(&e->known, id);

	if (!k)
		return;
	k->info.state = CONTAINER_REMOVING;
	emit(e, EVENT_REMOVED, &k->info);
	map_remove(&e->known, id);
}

static void look(struct events *e, const char *id, bool tell);

static void on_life_ended(void *userdata)
{
	struct known *k = userdata;
	autofree char *id = xstrdup(k->rec.id);

	k->life = life_free(k->life);
	look(k->e, id, true);
}

static bool runs(const struct known *k)
{
	return k->info.state == CONTAINER_RUNNING || k->info.state == CONTAINER_PAUSED;
}

static bool needs_monitor(void *userdata)
{
	struct events *e = userdata;

	map_foreach (x, &e->known) {
		const struct known *k = x->value;

		if (runs(k) && record_needs_monitor(&k->rec))
			return true;
	}
	return false;
}

static void watch_life(struct known *k)
{
	if (!runs(k))
		return;
	if (!k->life)
		life_new(k->e->l, k->rec.id, on_life_ended, k, &k->life, NULL);
	if (k->e->keeper)
		keeper_look(k->e->keeper);
}

static void look(struct events *e, const char *id, bool tell)
{
	struct known *k = map_get(&e->known, id);
	struct container_info now = { 0 };
	struct record rec = { 0 };
	int r = record_find(store_db(e->l->store), id, &rec, NULL);

	if (r == 0)
		forget(e, id);
	if (r <= 0)
		return;
	if (!labels_match(&rec.spec.labels, &e->labels) ||
	    container_info_of(e->l, &rec, &now, NULL) < 0) {
		record_done(&rec);
		return;
	}
	if (!k) {
		k = xnew(struct known);
		k->e = e;
		k->rec = rec;
		k->info = now;
		map_set(&e->known, id, k);
		watch_life(k);
		if (!tell)
			return;
		emit(e, EVENT_CREATED, &k->info);
		compare(e, &(struct container_info){ .state = CONTAINER_CREATED }, &k->info);
		return;
	}
	record_done(&k->rec);
	k->rec = rec;
	if (now.started != k->info.started) /* another shim */
		k->life = life_free(k->life);
	compare(e, &k->info, &now);
	container_info_done(&k->info);
	k->info = now;
	watch_life(k);
}

static void on_change(void *userdata, const char *id, const char *what)
{
	look(userdata, id, true);
}

static int begin(struct events *e, struct error *err)
{
	record_vec recs = { 0 };
	int r = watch_add(e->l, on_change, e, &e->watch, err);

	strv_foreach (label, &e->labels) {
		const char *project = skip_prefix(label, LABEL_PROJECT "=");

		if (project)
			e->keeper = keeper_new(e->l, project, needs_monitor, e);
	}

	if (r == 0)
		r = record_list(store_db(e->l->store), &e->labels, &recs, err);
	if (r == 0)
		vec_foreach (rec, &recs)
			look(e, rec->id, false);
	record_vec_done(&recs);
	return r;
}

struct task *local_watch(struct engine *engine, const struct strv *labels, engine_event_fn fn,
			 void *userdata)
{
	struct events *e = xnew(struct events);
	struct error err = ERROR_INIT;

	task_init(&e->task, &events_ops, engine->loop);
	e->l = local_of(engine);
	e->fn = fn;
	e->userdata = userdata;
	map_init(&e->known, known_free);
	if (labels)
		strv_copy(&e->labels, labels);
	if (begin(e, &err) < 0)
		task_fail(&e->task, &err);
	return &e->task;
}
