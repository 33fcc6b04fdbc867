/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/run-step.h"

#include "util/time.h"

#include <unistd.h>

/* By kind, where the user's own limit isn't less. */
static const struct {
	unsigned limit;
	bool pooled; /* its steps take from the slots themselves */
} lanes[] = {
	[LANE_IMAGE] = { 6, true },
	[LANE_CONTAINER] = { 16, true },
	[LANE_BUILD] = { 64, false },
	[LANE_FREE] = { UINT32_MAX, false },
};

static unsigned lane_limit(const struct run *run, enum run_lane lane)
{
	return lane == LANE_IMAGE && run->opt.parallel ? run->opt.parallel : lanes[lane].limit;
}

void run_report(struct run *run, const struct step *s, const struct run_event *details)
{
	struct run_event ev = details ? *details : (struct run_event){ 0 };

	ev.step = s;
	ev.state = s->state;
	if (run->opt.event)
		run->opt.event(run->opt.userdata, &ev);
}

static void make_ready(struct run *run, struct step *s)
{
	*vec_add(&run->ready[run_step_ops[s->kind].lane].steps) = s;
}

static void release(struct run *run, struct step *s)
{
	if (--s->waiting == 0 && s->state == STEP_PENDING)
		make_ready(run, s);
}

/* Those that need s are cancelled with it; those that only come after it go on. */
static void cancel_dependants(struct run *run, struct step *s)
{
	vec_foreach (u, &s->unlocks) {
		if (u->order_only) {
			release(run, u->step);
		} else if (u->step->state == STEP_PENDING) {
			u->step->state = STEP_CANCELLED;
			run->left--;
			run_report(run, u->step, NULL);
			cancel_dependants(run, u->step);
		}
	}
}

static bool is_tolerated(const struct step *s, const struct error *err)
{
	return s->skip_if_fails || (s->in_use_is_fine && err->code == ERR_CONFLICT);
}

static void step_ended(struct run *run, struct job *j, enum step_state state, struct error *err)
{
	struct step *s = j->step;
	bool stopped = state == STEP_FAILED && run->task.cancelled && err->code == ERR_CANCELLED;
	bool failed = state == STEP_FAILED && !stopped && !is_tolerated(s, err);
	struct run_event ev = { .err = err,
				.note = j->note,
				.tolerated = state == STEP_FAILED && !failed,
				.elapsed = time_monotonic() - j->began };

	s->state = stopped ? STEP_CANCELLED : state;
	run->left--;
	run->busy[run_step_ops[s->kind].lane]--;
	if (lanes[run_step_ops[s->kind].lane].pooled)
		slots_give(run->slots);
	if (failed && !run->err.code) {
		run->err = *err;
		if (s->kind != STEP_WAIT)
			error_wrap(&run->err, "%s %s", step_kind_name(s->kind), s->name);
	}
	run_report(run, s, &ev);
	if (failed || stopped) {
		cancel_dependants(run, s);
		return;
	}
	vec_foreach (u, &s->unlocks)
		release(run, u->step);
}

static void job_free(struct job *j)
{
	run_job_release(j);
	free(j);
}

static void job_finish(struct job *j, enum step_state state, struct error *err)
{
	struct run *run = j->run;

	vec_forget(&run->jobs, j);
	step_ended(run, j, state, err);
	job_free(j);
	run_turn(run);
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
	int r;

	if (j->step->if_changed && j->step->if_changed->state == STEP_UNCHANGED) {
		job_finish(j, STEP_UNCHANGED, NULL);
		return;
	}
	r = run_step_ops[j->step->kind].next(j, &t, &state, &err);
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

/* One that no failure has cancelled meanwhile. */
static struct step *peek(struct ready *q)
{
	while (q->next < q->steps.n && q->steps.v[q->next]->state != STEP_PENDING)
		q->next++;
	return q->next < q->steps.n ? q->steps.v[q->next] : NULL;
}

static struct step *next_ready(struct run *run)
{
	for (enum run_lane lane = 0; lane < LANE_COUNT_; lane++) {
		struct ready *q = &run->ready[lane];
		struct step *s = run->busy[lane] < lane_limit(run, lane) ? peek(q) : NULL;

		if (!s || (lanes[lane].pooled && !slots_take(run->slots, &run->slot)))
			continue;
		q->next++;
		return s;
	}
	return NULL;
}

/* Starts all that can start. A step may end at once and call us again: only the outermost call
 * works. */
void run_turn(struct run *run)
{
	struct step *s;

	if (run->turning || run->task.ended)
		return;
	run->turning = true;
	while (!run->task.cancelled && (s = next_ready(run)))
		step_begin(run, s);
	run->turning = false;
	if (run->jobs.n || (run->left && !run->task.cancelled) || !run_watch_over(run))
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
			run_report(run, *s, NULL);
		}
	}
	for (size_t i = run->jobs.n; i-- > 0;) {
		struct job *j = run->jobs.v[i];

		if (j->task && !j->last)
			task_cancel(j->task);
		else if (!j->task)
			run_wait_cancel(j);
	}
	run_turn(run);
}

static void run_free(struct task *t)
{
	struct run *run = container_of(t, struct run, task);

	source_unrefp(&run->start);
	vec_done(&run->jobs);
	for (size_t i = 0; i < LANE_COUNT_; i++)
		vec_done(&run->ready[i].steps);
	map_done(&run->images);
	slots_forget(&run->slot);
	slots_free(run->build_slots);
	slots_free(run->slots);
	free(run);
}

static const struct task_ops run_ops = { "plan", run_cancel, run_free };

static void first_turn(void *userdata)
{
	run_turn(userdata);
}

struct task *plan_run(struct plan *p, const struct run_options *opt)
{
	struct run *run = xnew(struct run);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	task_init(&run->task, &run_ops, opt->engine->loop);
	run->plan = p;
	run->opt = *opt;
	run->left = p->steps.n;
	run->slot = (struct slots_waiter){ .turn = first_turn, .userdata = run };
	run->slots = slots_new(run->task.loop, NULL, opt->parallel);
	run->build_slots = slots_new(run->task.loop, run->slots, (unsigned)MAX(cpus, 1));
	vec_foreach (s, &p->steps) {
		(*s)->state = STEP_PENDING;
		(*s)->waiting = (*s)->needs.n;
		if (!(*s)->waiting)
			make_ready(run, *s);
	}
	loop_after(run->task.loop, 0, first_turn, run, &run->start, NULL);
	return &run->task;
}
