/* SPDX-License-Identifier: Apache-2.0 */
#include "event/task.h"

#include "util/vec.h"

#include <limits.h>

struct member {
	struct task_group *group;
	task_start_fn start;
	void *userdata;
	void (*free_userdata)(void *);
	struct task *task; /* while it runs */
};

struct task_group {
	struct task task;
	sd_event *loop; /* until it is a task */
	VEC(struct member) members;
	size_t next; /* the first that has not started */
	unsigned running, limit;
	bool stopped; /* nothing more is started */
	bool failed;  /* a member did, perhaps because it was cancelled */
	struct error err;
};

static void group_cancel(struct task *t);
static void group_free(struct task *t);
static const struct task_ops group_ops = { "group", group_cancel, group_free };

struct task_group *task_group_new(sd_event *loop, unsigned limit)
{
	struct task_group *g = xnew(struct task_group);

	g->loop = sd_event_ref(loop);
	g->limit = limit ? limit : UINT_MAX;
	return g;
}

void task_group_add(struct task_group *g, task_start_fn start, void *userdata,
		    void (*free_userdata)(void *))
{
	*vec_add(&g->members) = (struct member){ g, start, userdata, free_userdata, NULL };
}

static void group_free(struct task *t)
{
	struct task_group *g = container_of(t, struct task_group, task);

	vec_foreach (m, &g->members) {
		task_unref(m->task);
		if (m->free_userdata)
			m->free_userdata(m->userdata);
	}
	vec_done(&g->members);
	sd_event_unref(g->loop);
	free(g);
}

static void stop(struct task_group *g)
{
	g->stopped = true;
	vec_foreach (m, &g->members)
		if (m->task)
			task_cancel(m->task);
}

static void pump(struct task_group *g);

static void member_done(struct task *t, int r, void *userdata)
{
	struct member *m = userdata;
	struct task_group *g = m->group;

	m->task = NULL;
	g->running--;
	g->failed |= r < 0;
	if (r < 0 && !g->err.code && !g->task.cancelled) {
		g->err = t->err;
		stop(g);
	}
	task_unref(t);
	pump(g);
}

/* Starts what there is room for, and ends the group when nothing is left. */
static void pump(struct task_group *g)
{
	struct member *m;

	while (!g->stopped && g->running < g->limit && g->next < g->members.n) {
		m = &g->members.v[g->next++];
		g->running++;
		m->task = m->start(m->userdata);
		task_on_done(m->task, member_done, m);
	}
	if (g->running || g->task.ended || (!g->stopped && g->next < g->members.n))
		return;
	if (g->failed || g->next < g->members.n)
		task_fail(&g->task, &g->err);
	else
		task_end(&g->task, 0);
}

static void group_cancel(struct task *t)
{
	struct task_group *g = container_of(t, struct task_group, task);

	stop(g);
	pump(g);
}

struct task *task_group_start(struct task_group *g)
{
	task_init(&g->task, &group_ops, g->loop);
	pump(g);
	return &g->task;
}
