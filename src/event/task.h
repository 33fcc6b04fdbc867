/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asynchronous work: every operation that may take time is a task in the loop.
 *
 * The life of a task: a constructor (`engine_pull(...)`) returns it started, and never fails: what goes wrong at once
 * is reported like what goes wrong later. It ends exactly once: `done` is called from the loop, never
 * from within the constructor or task_cancel(). Until then the owner may cancel it; it then ends with
 * -ERR_CANCELLED (whatever error its operation gives then), when all that it had under way is put away (which may take a while: it is still
 * waited for), or with the result it had reached. The owner frees it with task_unref() in or after done;
 * unref before the end is a cancel whose end nobody is told of (the task lives on until then).
 *
 * When the loop itself is over (sd_event_exit), nobody is told anything any more: owners drop their tasks.
 *
 * For one who writes an operation:
 *
 *	struct pull { struct task task; ... };             the task is the first member
 *	static const struct task_ops pull_ops = { "pull", pull_cancel, pull_free };
 *	struct pull *p = xnew(struct pull);
 *	task_init(&p->task, &pull_ops, loop);
 *	...
 *	task_end(&p->task, 0);  or  task_fail(&p->task, &err);
 *
 * cancel (may be NULL: then the work runs to its end) asks the work to stop; the operation still calls task_end. free
 * releases what the struct owns and the struct itself.
 */
#ifndef EVENT_TASK_H
#define EVENT_TASK_H

#include "util/error.h"

#include <systemd/sd-event.h>

struct task;
typedef void (*task_done_fn)(struct task *t, int r, void *userdata);

struct task_ops {
	const char *name;
	void (*cancel)(struct task *t);
	void (*free)(struct task *t);
};

struct task {
	const struct task_ops *ops;
	sd_event *loop; /* a reference */
	struct error err; /* why, once it has failed */
	int result;	  /* once ended: 0, a documented positive answer, or -err.code */
	bool ended;	  /* no more than done is still to come */
	bool cancelled;	  /* was asked to stop */
	/* private */
	unsigned refs;
	task_done_fn done;
	void *userdata;
	sd_event_source *deferred, *deadline;
	bool notified;
	bool untold; /* ended after the loop had: done is never called */
	char *late; /* the message of a deadline that has passed */
};

/* For owners. */
void task_on_done(struct task *t, task_done_fn done, void *userdata); /* once, before it can have ended */
void task_cancel(struct task *t);
/* After this span (ns) the task is cancelled and ends with -ERR_TIMEOUT and this message. */
void task_deadline(struct task *t, int64_t span, const char *message);
struct task *task_ref(struct task *t);
struct task *task_unref(struct task *t); /* returns NULL; takes NULL */
DEFINE_FREEP(struct task, task_unref);
/* Runs the loop until it has ended, copies its error, drops the caller's reference. Returns its result. */
int task_wait(struct task *t, struct error *err);

/* For operations. */
void task_init(struct task *t, const struct task_ops *ops, sd_event *loop); /* one reference: the caller's */
void task_end(struct task *t, int result); /* result >= 0 */
void task_fail(struct task *t, const struct error *err);
void task_end_with(struct task *t, int r, const struct error *err); /* one of the two, by r */

/* A task that has the answer already. */
struct task *task_resolved(sd_event *loop, int result, const struct error *err);

/*
 * Several at once: ends when all have ended; the first failure cancels the others and is the group's.
 * limit bounds how many run at a time (0: no bound): constructors are called as there is room. What is added
 * may be freed by free_userdata (may be NULL), together with the group.
 */
struct task_group;
typedef struct task *(*task_start_fn)(void *userdata);
struct task_group *task_group_new(sd_event *loop, unsigned limit);
void task_group_add(struct task_group *g, task_start_fn start, void *userdata,
		    void (*free_userdata)(void *));
/* No more is added; the group becomes its task (the group is gone). */
struct task *task_group_start(struct task_group *g);

#endif
