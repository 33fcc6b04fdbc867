/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STEP_WAIT: the containers of a service are healthy, or have completed. One watch of the project
 * serves all that wait: an event makes each of them ask for the list again, so that no event's own
 * truth is relied on.
 */
#include "compose/run-step.h"

static const char *label(const struct container_info *c, const char *name)
{
	const char *v = strmap_get(&c->labels, name);

	return v ? v : "";
}

/* 1 as wanted, 0 not yet, or why it never will be. */
static int judge_healthy(const struct container_info *c, struct error *err)
{
	if (c->state == CONTAINER_EXITED || c->state == CONTAINER_DEAD)
		return error_set(err, ERR_CONFLICT,
				 "dependency failed to start: container %s exited (%d)", c->name,
				 c->exit_code);
	switch (c->health) {
	case HEALTH_HEALTHY:
		return 1;
	case HEALTH_UNHEALTHY:
		return error_set(err, ERR_CONFLICT,
				 "dependency failed to start: container %s is unhealthy%s%s",
				 c->name, c->health_log && *c->health_log ? ": " : "",
				 c->health_log ? c->health_log : "");
	case HEALTH_NONE:
		if (c->state == CONTAINER_RUNNING)
			return error_set(err, ERR_CONFLICT,
					 "dependency failed to start: container %s has no "
					 "healthcheck configured",
					 c->name);
		return 0;
	default:
		return 0;
	}
}

static int judge_completed(const struct container_info *c, struct error *err)
{
	if (c->state != CONTAINER_EXITED)
		return 0;
	if (c->exit_code)
		return error_set(err, ERR_CONFLICT,
				 "service \"%s\" didn't complete successfully: exit %d",
				 label(c, LABEL_SERVICE), c->exit_code);
	return 1;
}

static int judge_started(const struct container_info *c, struct error *err)
{
	if (c->state == CONTAINER_EXITED || c->state == CONTAINER_DEAD)
		return error_set(err, ERR_CONFLICT, "container %s exited (%d)", c->name,
				 c->exit_code);
	return c->state == CONTAINER_RUNNING;
}

static int (*const judges[])(const struct container_info *c, struct error *err) = {
	[DEPEND_STARTED] = judge_started,
	[DEPEND_HEALTHY] = judge_healthy,
	[DEPEND_COMPLETED] = judge_completed,
};

/* 1 all are as wanted, 0 some are not yet. */
static int judge(struct job *j, struct error *err)
{
	int all = 1;

	vec_foreach (c, &j->containers) {
		int r;

		if (!streq(label(c, LABEL_SERVICE), j->step->name) ||
		    streq(label(c, LABEL_ONEOFF), "True"))
			continue;
		r = judges[j->step->condition](c, err);
		if (r < 0)
			return r;
		all = all && r;
	}
	return all;
}

static void on_event(void *userdata, const struct engine_event *ev)
{
	struct run *run = userdata;

	/* Each advance may end a job and change the list: those that are asking see the event in
	 * their answer or after it. */
	for (size_t i = run->jobs.n; i-- > 0;) {
		struct job *j = run->jobs.v[i];

		if (i < run->jobs.n && j->waits) {
			j->waits = false;
			j->phase = 0;
			run_job_advance(j);
		} else if (j->step->kind == STEP_WAIT) {
			j->stale = true;
		}
	}
}

static struct task *ask(struct job *j)
{
	struct engine *e = j->run->opt.engine;
	autostrv labels = { 0 };

	container_vec_done(&j->containers);
	strv_pushf(&labels, "%s=%s", LABEL_PROJECT, j->run->plan->model->name);
	strv_pushf(&labels, "%s=%s", LABEL_SERVICE, j->step->name);
	return e->ops->container_list(e, &labels, &j->containers);
}

static void start_watch(struct job *j)
{
	struct engine *e = j->run->opt.engine;
	autostrv labels = { 0 };

	if (j->run->watch)
		return;
	strv_pushf(&labels, "%s=%s", LABEL_PROJECT, j->run->plan->model->name);
	j->run->watch = e->ops->watch(e, &labels, on_event, j->run);
}

int run_wait_next(struct job *j, struct task **ret, enum step_state *ret_state, struct error *err)
{
	int r;

	if (j->run->task.cancelled)
		return error_set(err, ERR_CANCELLED, "interrupted while waiting for %s",
				 j->step->name);
	if (j->phase == 0) {
		j->stale = false;
		start_watch(j);
		*ret = ask(j);
		return 0;
	}
	r = judge(j, err);
	if (r < 0)
		return r;
	if (r == 0 && j->stale) {
		j->phase = 0;
		return run_wait_next(j, ret, ret_state, err);
	}
	if (r > 0) {
		j->note = j->step->condition == DEPEND_HEALTHY ? "healthy" : "completed";
		return 0;
	}
	j->waits = true; /* until the next event */
	return 0;
}

void run_wait_cancel(struct job *j)
{
	if (!j->waits)
		return;
	j->waits = false;
	j->phase = 0;
	run_job_advance(j);
}

void run_watch_done(struct run *run)
{
	task_unref(run->watch);
	run->watch = NULL;
	source_unrefp(&run->start);
}
