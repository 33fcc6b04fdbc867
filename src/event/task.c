/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A task has one reference of its owner and one of its own, which it drops after `done`. When only
 * its own is left before that, nobody waits for it any more: it is cancelled.
 */
#include "event/task.h"

#include "event/loop.h"

#include <assert.h>
#include <errno.h>

/* What the loop gave no memory for can't be reported through the loop. */
static void must(int r)
{
	if (r < 0)
		abort();
}

void task_init(struct task *t, const struct task_ops *ops, sd_event *loop)
{
	*t = (struct task){ .ops = ops, .loop = sd_event_ref(loop), .refs = 2 };
}

static void task_destroy(struct task *t)
{
	source_unrefp(&t->deferred);
	source_unrefp(&t->deadline);
	t->loop = sd_event_unref(t->loop);
	freep(&t->late);
	if (t->ops->free)
		t->ops->free(t);
	else
		free(t);
}

struct task *task_ref(struct task *t)
{
	t->refs++;
	return t;
}

struct task *task_unref(struct task *t)
{
	if (!t)
		return NULL;
	if (--t->refs == 1 && !t->notified) {
		t->done = NULL;
		task_cancel(t);
	}
	if (!t->refs || (t->refs == 1 && t->untold))
		task_destroy(t);
	return NULL;
}

static int notify(sd_event_source *s, void *userdata)
{
	struct task *t = userdata;

	t->notified = true;
	if (t->done)
		t->done(t, t->result, t->userdata);
	task_unref(t);
	return 0;
}

void task_on_done(struct task *t, task_done_fn done, void *userdata)
{
	assert(!t->notified);
	t->done = done;
	t->userdata = userdata;
}

static void end(struct task *t, int result)
{
	int r;

	assert(!t->ended);
	t->ended = true;
	t->result = result;
	source_unrefp(&t->deadline);
	r = sd_event_add_defer(t->loop, &t->deferred, notify, t);
	if (r == -ESTALE)
		t->notified = t->untold = true;
	else
		must(r);
}

void task_end(struct task *t, int result)
{
	assert(result >= 0);
	end(t, result);
}

void task_fail(struct task *t, const struct error *err)
{
	if (t->late)
		error_set(&t->err, ERR_TIMEOUT, "%s", t->late);
	else if (t->cancelled)
		error_set(&t->err, ERR_CANCELLED, "%s: cancelled", t->ops->name);
	else if (err && err->code)
		t->err = *err;
	else
		error_set(&t->err, ERR_INTERNAL, "%s failed and did not say why", t->ops->name);
	end(t, -(int)t->err.code);
}

void task_end_with(struct task *t, int r, const struct error *err)
{
	if (r < 0)
		task_fail(t, err);
	else
		task_end(t, r);
}

void task_cancel(struct task *t)
{
	if (t->ended || t->cancelled)
		return;
	t->cancelled = true;
	if (t->ops->cancel)
		t->ops->cancel(t);
}

struct deadline {
	struct task *task;
	char *message;
};

static void deadline_passed(void *userdata)
{
	struct deadline *d = userdata;

	if (d->task->ended || d->task->cancelled)
		return;
	d->task->late = TAKE_PTR(d->message);
	task_cancel(d->task);
}

static void deadline_free(void *userdata)
{
	struct deadline *d = userdata;

	free(d->message);
	free(d);
}

void task_deadline(struct task *t, int64_t span, const char *message)
{
	struct deadline *d;

	source_unrefp(&t->deadline);
	if (t->ended)
		return;
	d = xnew(struct deadline);
	*d = (struct deadline){ t, xstrdup(message) };
	loop_after_owned(t->loop, span, deadline_passed, d, deadline_free, &t->deadline, NULL);
}

int task_wait(struct task *t, struct error *err)
{
	int r = 0;

	while (!t->notified && r >= 0)
		r = sd_event_run(t->loop, UINT64_MAX);
	if (!t->notified) {
		task_unref(t);
		return error_sys_from(err, -r, "run the event loop");
	}
	r = t->result;
	if (r < 0 && err)
		*err = t->err;
	task_unref(t);
	return r;
}

static const struct task_ops resolved_ops = { .name = "resolved" };

struct task *task_resolved(sd_event *loop, int result, const struct error *err)
{
	struct task *t = xnew(struct task);

	task_init(t, &resolved_ops, loop);
	task_end_with(t, result, err);
	return t;
}
