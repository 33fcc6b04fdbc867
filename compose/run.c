/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/run-step.h"

#include "util/time.h"

/* How much of a kind goes on at once. */
static const struct {
	enum run_lane lane;
	unsigned limit; /* 0: opt->parallel */
} lane_limits[] = {
	[LANE_IMAGE] = { LANE_IMAGE, 0 },
	[LANE_CONTAINER] = { LANE_CONTAINER, 16 },
	[LANE_FREE] = { LANE_FREE, UINT32_MAX },
};

static unsigned lane_limit(const struct run *run, enum run_lane lane)
{
	unsigned limit = lane_limits[lane].limit;

	return limit ? limit : run->opt.parallel ? run->opt.parallel : 6;
}

void run_report(struct run *run, const struct step *s, const struct run_event *details)
{
	struct run_event ev = details ? *details : (struct run_event){ 0 };

	ev.step = s;
	ev.state = s->state;
	if (run->opt.event)
		run->opt.event(run->opt.userdata, &ev);
}

static void turn(struct run *run);

static void cancel_dependants(struct run *run, struct step *s)
{
	vec_foreach (u, &s->unlocks) {
		if ((*u)->state != STEP_PENDING)
			continue;
		(*u)->state = STEP_CANCELLED;
		run->left--;
		run_report(run, *u, NULL);
		cancel_dependants(run, *u);
	}
}

static void step_ended(struct run *run, struct job *j, enum step_state state,
		       const struct error *err)
{
	struct step *s = j->step;
	struct run_event ev = { .err = err,
				.note = j->note,
				.elapsed = time_monotonic() - j->began };

	s->state = state;
	run->left--;
	run->busy[run_step_ops[s->kind].lane]--;
	if (state == STEP_FAILED && !s->skip_if_fails && !run->err.code)
		run->err = *err;
	run_report(run, s, &ev);
	if (state == STEP_FAILED && !s->skip_if_fails) {
		cancel_dependants(run, s);
		return;
	}
	vec_foreach (u, &s->unlocks)
		if ((*u)->waiting)
			(*u)->waiting--;
}

static void job_free(struct job *j)
{
	run_job_release(j);
	free(j);
}

static void job_finish(struct job *j, enum step_state state, const struct error *err)
{
	struct run *run = j->run;

	for (size_t i = 0; i < run->jobs.n; i++)
		if (run->jobs.v[i] == j) {
			vec_remove(&run->jobs, i);
			break;
		}
	step_ended(run, j, state, err);
	job_free(j);
	turn(run);
}

static void phase_done(struct task *t, int r, void *userdata)
{
	struct job *j = userdata;
	struct error err = t->err;

	j->task = NULL;
	task_unref(t);
	if (r < 0) {
		job_finish(j, STEP_FAILED, &err);
		return;
	}
	j->answer = r;
	j->phase++;
	run_job_advance(j);
}

void run_job_advance(struct job *j)
{
	struct error err = ERROR_INIT;
	enum step_state state = STEP_DONE;
	struct task *t = NULL;
	int r = run_step_ops[j->step->kind].next(j, &t, &state, &err);

	if (r < 0) {
		job_finish(j, STEP_FAILED, &err);
	} else if (t) {
		j->task = t;
		task_on_done(t, phase_done, j);
	} else if (!j->waits) {
		job_finish(j, state, NULL);
	}
}

static void step_begin(struct run *run, struct step *s)
{
	struct job *j = xnew(struct job);

	j->run = run;
	j->step = s;
	j->began = time_monotonic();
	s->state = STEP_RUNNING;
	*vec_add(&run->jobs) = j;
	run->busy[run_step_ops[s->kind].lane]++;
	run_report(run, s, NULL);
	run_job_advance(j);
}

static struct step *next_ready(struct run *run)
{
	vec_foreach (s, &run->plan->steps) {
		enum run_lane lane = run_step_ops[(*s)->kind].lane;

		if ((*s)->state == STEP_PENDING && !(*s)->waiting &&
		    run->busy[lane] < lane_limit(run, lane))
			return *s;
	}
	return NULL;
}

/* Starts all that can start. A step may end at once and call us again: only the outermost call
 * works. */
static void turn(struct run *run)
{
	struct step *s;

	if (run->turning || run->task.ended)
		return;
	run->turning = true;
	while (!run->task.cancelled && (s = next_ready(run)))
		step_begin(run, s);
	run->turning = false;
	if (run->jobs.n || (run->left && !run->task.cancelled))
		return;
	if (run->task.cancelled && !run->err.code)
		error_set(&run->err, ERR_CANCELLED, "interrupted");
	task_end_with(&run->task, run->err.code ? -(int)run->err.code : 0, &run->err);
}

static void run_cancel(struct task *t)
{
	struct run *run = container_of(t, struct run, task);

	vec_foreach (s, &run->plan->steps) {
		if ((*s)->state == STEP_PENDING) {
			(*s)->state = STEP_CANCELLED;
			run->left--;
		}
	}
	for (size_t i = run->jobs.n; i-- > 0;) {
		struct job *j = run->jobs.v[i];

		if (j->task)
			task_cancel(j->task);
		else
			run_wait_cancel(j);
	}
	turn(run);
}

static void run_free(struct task *t)
{
	struct run *run = container_of(t, struct run, task);

	run_watch_done(run);
	vec_done(&run->jobs);
	map_done(&run->images);
	free(run);
}

static const struct task_ops run_ops = { "plan", run_cancel, run_free };

static void first_turn(void *userdata)
{
	turn(userdata);
}

struct task *plan_run(struct plan *p, const struct run_options *opt)
{
	struct run *run = xnew(struct run);

	task_init(&run->task, &run_ops, opt->engine->loop);
	run->plan = p;
	run->opt = *opt;
	run->left = p->steps.n;
	vec_foreach (s, &p->steps) {
		(*s)->state = STEP_PENDING;
		(*s)->waiting = (*s)->needs.n;
	}
	loop_after(run->task.loop, 0, first_turn, run, &run->start, NULL);
	return &run->task;
}
