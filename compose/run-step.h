/* SPDX-License-Identifier: Apache-2.0 */
/* Private to run*.c: a run, its jobs (a step that is under way), and what each kind of step does, phase by phase. */
#ifndef COMPOSE_RUN_STEP_H
#define COMPOSE_RUN_STEP_H

#include "compose/run.h"

#include "event/loop.h"
#include "event/slots.h"

/* LANE_BUILD: builds, whose steps take the slots. */
enum run_lane { LANE_IMAGE, LANE_CONTAINER, LANE_BUILD, LANE_FREE, LANE_COUNT_ };

struct run {
	struct task task;
	struct plan *plan;
	struct run_options opt;
	VEC(struct job *) jobs;
	unsigned busy[LANE_COUNT_];
	struct ready { /* steps that wait for nothing more, by the lane that they need */
		VEC(struct step *) steps;
		size_t next;
	} ready[LANE_COUNT_];
	size_t left; /* steps that have not ended */
	struct slots *slots;	   /* of all that is large: the user's limit */
	struct slots *build_slots; /* in them, of the steps of all builds */
	struct slots_waiter slot;
	bool turning;
	bool over; /* no step is left, or will be started */
	struct error err;   /* the first failure */
	struct map images;  /* reference -> id, as they became known */
	struct task *watch; /* what happens to the project's containers; NULL until a step waits */
	sd_event_source *start, *watch_again;
};

struct job {
	struct run *run;
	struct step *step;
	struct task *task; /* of the present phase, NULL between phases and for a step that waits for events */
	unsigned phase;
	int answer; /* of the phase before */
	bool waits; /* for events: run-wait.c ends it */
	bool last;  /* what is under way comes to its end even when the run is cancelled */
	bool stale; /* an event came while the list was asked for */
	int64_t began;
	const char *note;
	/* results of phases */
	struct image image;
	struct image_config config;
	char id[DIGEST_MAX];
	container_vec containers;
	struct build_options build;
	struct strv build_tags; /* of build */
	struct map build_args;
};

struct run_step_ops {
	enum run_lane lane;
	/* What to do in j->phase: a task to wait for in *ret, or none: the step has ended, with *ret_state. */
	int (*next)(struct job *j, struct task **ret, enum step_state *ret_state, struct error *err);
};
extern const struct run_step_ops run_step_ops[STEP_KIND_COUNT_];

void run_report(struct run *run, const struct step *s, const struct run_event *details);
void run_job_advance(struct job *j);
void run_turn(struct run *run); /* starts all that can start, and ends the run when nothing is left */
void run_job_release(struct job *j); /* frees what the phases left */

/* run-wait.c: conditions of services, by events. */
int run_wait_next(struct job *j, struct task **ret, enum step_state *ret_state, struct error *err);
void run_wait_cancel(struct job *j);
/* What tells of events is put away; false: not yet, run_turn() is called when it is. */
bool run_watch_over(struct run *run);

#endif
