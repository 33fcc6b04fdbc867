/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STEP_WAIT: the containers of a service are healthy, or have completed. One watch of the project
 * serves all that wait: an event makes each of them ask for the list again, so that no event's own
 * truth is relied on.
 */
#include "compose/run-step.h"

#include "util/time.h"

#define WATCH_AGAIN (250 * NSEC_PER_MSEC)

/* All starts that there are were done before: nobody will start it. */
static int was_not_started(const struct container_info *c, struct error *err)
{
	return error_set(err, ERR_CONFLICT,
			 "dependency failed to start: container %s was not started%s%s", c->name,
			 c->error ? ": " : "", c->error ? c->error : "");
}

/* 1 as wanted, 0 not yet, or why it never will be. */
static int judge_healthy(const struct container_info *c, struct error *err)
{
	if (c->state == CONTAINER_EXITED || c->state == CONTAINER_DEAD)
		return error_set(err, ERR_CONFLICT,
				 "dependency failed to start: container %s exited (%d)", c->name,
				 c->exit_code);
	if (c->state == CONTAINER_CREATED)
		return was_not_started(c, err);
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
	if (c->state == CONTAINER_CREATED)
		return was_not_started(c, err);
	if (c->state != CONTAINER_EXITED && c->state != CONTAINER_DEAD)
		return 0;
	if (c->exit_code || c->state == CONTAINER_DEAD)
		return error_set(err, ERR_CONFLICT,
				 "service \"%s\" didn't complete successfully: exit %d",
				 container_label(c, LABEL_SERVICE), c->exit_code);
	return 1;
}

static int judge_started(const struct container_info *c, struct error *err)
{
	if (c->state == CONTAINER_EXITED || c->state == CONTAINER_DEAD)
		return error_set(err, ERR_CONFLICT, "container %s exited (%d)", c->name,
				 c->exit_code);
	if (c->state == CONTAINER_CREATED)
		return was_not_started(c, err);
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
	bool any = false;
	int all = 1;

	vec_foreach (c, &j->containers) {
		int r;

		if (container_is_oneoff(c))
			continue;
		any = true;
		r = judges[j->step->condition](c, err);
		if (r < 0)
			return r;
		all = all && r;
	}
	if (!any)
		return error_set(err, ERR_NOT_FOUND,
				 "dependency failed to start: service \"%s\" has no container",
				 j->step->name);
	return all;
}

/* Each advance may end a job and change the list: those that are asking just now ask once more. */
static void ask_again(struct run *run)
{
	for (size_t i = run->jobs.n; i-- > 0;) {
		struct job *j = i < run->jobs.n ? run->jobs.v[i] : NULL;

		if (j && j->waits) {
			j->waits = false;
			j->phase = 0;
			run_job_advance(j);
		} else if (j && j->step->kind == STEP_WAIT) {
			j->stale = true;
		}
	}
}

static void on_event(void *userdata, const struct engine_event *ev)
{
	ask_again(userdata);
}

static struct task *ask(struct job *j)
{
	struct engine *e = j->run->opt.engine;
	autostrv labels = { 0 };

	container_vec_done(&j->containers);
	strv_pushf(&labels, "%s=%s", LABEL_PROJECT, j->run->plan->project);
	strv_pushf(&labels, "%s=%s", LABEL_SERVICE, j->step->name);
	return e->ops->container_list(e, &labels, &j->containers);
}

static void start_watch(struct run *run);

static void watch_again(void *userdata)
{
	struct run *run = userdata;

	source_unrefp(&run->watch_again);
	start_watch(run);
	ask_again(run);
}

/* What tells of events may go away and come back (it is another process): what was missed meanwhile
 * is asked for. */
static void watch_ended(struct task *t, int r, void *userdata)
{
	struct run *run = userdata;

	task_unref(run->watch);
	run->watch = NULL;
	if (run->over)
		run_turn(run);
	else
		loop_after(run->task.loop, WATCH_AGAIN, watch_again, run, &run->watch_again, NULL);
}

static void start_watch(struct run *run)
{
	struct engine *e = run->opt.engine;
	autostrv labels = { 0 };

	if (run->watch || run->watch_again)
		return;
	strv_pushf(&labels, "%s=%s", LABEL_PROJECT, run->plan->project);
	run->watch = e->ops->watch(e, &labels, on_event, run);
	task_on_done(run->watch, watch_ended, run);
}

int run_wait_next(struct job *j, struct task **ret, enum step_state *ret_state, struct error *err)
{
	static const char *const notes[] = { "running", "healthy", "completed" };
	int r;

	if (j->run->task.cancelled)
		return error_set(err, ERR_CANCELLED, "interrupted while waiting for %s",
				 j->step->name);
	if (j->phase == 0) {
		j->stale = false;
		start_watch(j->run);
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
		j->note = notes[j->step->condition];
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

bool run_watch_over(struct run *run)
{
	source_unrefp(&run->watch_again);
	if (run->watch && !run->over)
		task_cancel(run->watch);
	run->over = true;
	return !run->watch;
}
