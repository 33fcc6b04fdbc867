/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries a plan out: a counter of what each step still waits for, a ready queue and a limit per kind of work. What doesn't
 * depend on each other overlaps. A failure cancels what depends on it, and lets the rest come to its end; the plan's error is the
 * first one. Cancelling the task stops what is under way (but a container that is being replaced is replaced), starts nothing more.
 */
#ifndef COMPOSE_RUN_H
#define COMPOSE_RUN_H

#include "compose/plan.h"

struct run_event {
	const struct step *step;
	enum step_state state;	      /* STEP_RUNNING again and again, with progress */
	const struct transfer_progress *transfer; /* of a pull or push, or NULL */
	const struct build_event *build;	  /* of a build, or NULL */
	const struct error *err;	  /* STEP_FAILED, or STEP_CANCELLED by the user while it ran */
	bool tolerated;		  /* STEP_FAILED, and that does no harm */
	int64_t elapsed;	  /* ns, once it has ended */
	const char *note;	  /* of a wait: "running", "healthy", "completed"; of a push: the digest; or NULL */
};
typedef void (*run_event_fn)(void *userdata, const struct run_event *ev);

struct run_options {
	struct engine *engine;
	const struct build_runner *runner; /* may be NULL: then a build is -ERR_UNSUPPORTED */
	struct store *store;		   /* the builder's; NULL likewise */
	const struct build_options *build_overrides; /* of `build`: args, no_cache, pull ...; or NULL */
	unsigned parallel; /* how many pulls, pushes, steps of builds and changes of containers at once, all together; 0: by kind */
	run_event_fn event;
	void *userdata;
};

struct task *plan_run(struct plan *p, const struct run_options *opt);

#endif
