/* SPDX-License-Identifier: Apache-2.0 */
/* Those who watch the engine in memory, and those who wait for the end of a container. */
#include "engine/fake-private.h"

#include "util/time.h"

struct fake_watch {
	struct task task;
	struct fake *fake;
	struct strv labels;
	engine_event_fn fn;
	void *userdata;
};

struct fake_wait {
	struct task task;
	struct fake *fake;
	char *id;
	int *ret_code;
};

void fake_tell(struct fake *f, enum engine_event_type type, const struct container_info *c)
{
	const struct engine_event ev = { .type = type, .time = time_now(), .container = c };

	for (size_t i = 0; i < f->watches.n; i++) {
		struct fake_watch *w = f->watches.v[i];

		if (!w->task.ended && fake_labels_hold(&c->labels, &w->labels))
			w->fn(w->userdata, &ev);
	}
}

void fake_set_state(struct fake *f, struct container_info *c, enum container_state state, int code)
{
	c->state = state;
	c->exit_code = code;
	if (state == CONTAINER_RUNNING)
		c->started = time_now();
	if (state != CONTAINER_EXITED)
		return;
	c->finished = time_now();
	for (size_t i = 0; i < f->waits.n; i++) {
		struct fake_wait *w = f->waits.v[i];

		if (!w->task.ended && streq(w->id, c->id)) {
			*w->ret_code = code;
			task_end(&w->task, 0);
		}
	}
}

static void watch_free(struct task *t)
{
	struct fake_watch *w = container_of(t, struct fake_watch, task);

	vec_forget(&w->fake->watches, w);
	strv_done(&w->labels);
	free(w);
}

static void end_cancelled(struct task *t)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERR_CANCELLED, "cancelled");
	task_fail(t, &err);
}

static const struct task_ops watch_ops = { "watch", end_cancelled, watch_free };

struct task *fake_watch(struct engine *e, const struct strv *labels, engine_event_fn fn,
			void *userdata)
{
	struct fake_watch *w = xnew(struct fake_watch);

	task_init(&w->task, &watch_ops, e->loop);
	w->fake = fake_of(e);
	w->fn = fn;
	w->userdata = userdata;
	strv_extend(&w->labels, labels);
	*vec_add(&w->fake->watches) = w;
	return &w->task;
}

static void wait_free(struct task *t)
{
	struct fake_wait *w = container_of(t, struct fake_wait, task);

	vec_forget(&w->fake->waits, w);
	free(w->id);
	free(w);
}

static const struct task_ops wait_ops = { "wait", end_cancelled, wait_free };

struct task *fake_wait(struct engine *e, const char *id, int *ret_code)
{
	struct fake *f = fake_of(e);
	struct container_info *c = fake_container(f, id);
	struct fake_wait *w;

	if (!c)
		return fake_refuse(f, ERR_NOT_FOUND, "no such container: %s", id);
	w = xnew(struct fake_wait);
	task_init(&w->task, &wait_ops, e->loop);
	w->fake = f;
	w->id = xstrdup(c->id);
	w->ret_code = ret_code;
	*vec_add(&f->waits) = w;
	if (!fake_container_runs(c)) {
		*ret_code = c->exit_code;
		task_end(&w->task, 0);
	}
	return &w->task;
}
