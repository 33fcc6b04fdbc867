/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks, groups and the loop. */
#include "unit.h"

#include "event/loop.h"
#include "event/task.h"
#include "util/time.h"
#include "util/vec.h"

#include <signal.h>

#define MSEC NSEC_PER_MSEC

/* An operation that ends after a while, or takes a while to stop. */
struct nap {
	struct task task;
	int64_t stop_after; /* < 0: not to be cancelled */
	int result;
	sd_event_source *timer;
	unsigned *freed;
};

static void nap_over(void *userdata)
{
	struct nap *n = userdata;
	struct error err = ERROR_INIT;

	if (n->task.cancelled && n->stop_after >= 0)
		error_set(&err, ERR_CHILD, "was killed");
	else if (n->result < 0)
		error_set(&err, (enum err_code) - n->result, "nap failed");
	task_end_with(&n->task, err.code ? -(int)err.code : n->result, &err);
}

static void nap_cancel(struct task *t)
{
	struct nap *n = container_of(t, struct nap, task);

	if (n->stop_after < 0)
		return;
	source_unrefp(&n->timer);
	if (n->stop_after)
		loop_after(t->loop, n->stop_after, nap_over, n, &n->timer, NULL);
	else
		nap_over(n);
}

static void nap_free(struct task *t)
{
	struct nap *n = container_of(t, struct nap, task);

	source_unrefp(&n->timer);
	if (n->freed)
		++*n->freed;
	free(n);
}

static const struct task_ops nap_ops = { "nap", nap_cancel, nap_free };

static struct task *nap(sd_event *loop, int64_t span, int64_t stop_after, int result,
			unsigned *freed)
{
	struct nap *n = xnew(struct nap);

	task_init(&n->task, &nap_ops, loop);
	n->stop_after = stop_after;
	n->result = result;
	n->freed = freed;
	if (span)
		assert_ok(loop_after(loop, span, nap_over, n, &n->timer, &err));
	else
		nap_over(n);
	return &n->task;
}

static sd_event *new_loop(void)
{
	sd_event *loop = NULL;

	assert_ok(loop_new(&loop, &err));
	return loop;
}

static void count_done(struct task *t, int r, void *userdata)
{
	++*(unsigned *)userdata;
	assert_true(t->ended);
	assert_int_equal(r, t->result);
}

static void test_done_comes_from_the_loop(void **state)
{
	autoloop *loop = new_loop();
	unsigned done = 0, freed = 0;
	struct task *t = nap(loop, 0, 0, 3, &freed);

	assert_true(t->ended);
	task_on_done(t, count_done, &done);
	task_cancel(t); /* too late, and harmless */
	assert_int_equal(done, 0);
	assert_int_equal(task_wait(t, NULL), 3);
	assert_int_equal(done, 1);
	assert_int_equal(freed, 1);
}

static void test_failure_is_kept(void **state)
{
	autoloop *loop = new_loop();
	struct error err = ERROR_INIT;

	assert_int_equal(task_wait(nap(loop, MSEC, 0, -ERR_AUTH, NULL), &err), -ERR_AUTH);
	assert_string_equal(err.msg, "nap failed");
	assert_int_equal(task_wait(task_resolved(loop, 7, NULL), &err), 7);
	assert_int_equal(task_wait(task_resolved(loop, -ERR_AUTH, &err), NULL), -ERR_AUTH);
	assert_int_equal(task_wait(task_resolved(loop, -ERR_AUTH, NULL), &err), -ERR_INTERNAL);
}

static void test_cancel_waits_for_the_stop(void **state)
{
	autoloop *loop = new_loop();
	struct error err = ERROR_INIT;
	int64_t start = time_monotonic();
	struct task *t = nap(loop, 3600 * NSEC_PER_SEC, 20 * MSEC, 0, NULL);

	task_cancel(t);
	task_cancel(t);
	assert_false(t->ended);
	assert_int_equal(task_wait(t, &err), -ERR_CANCELLED);
	assert_string_equal(err.msg, "nap: cancelled");
	assert_true(time_monotonic() - start >= 20 * MSEC);
}

static void test_cancel_ends_within(void **state)
{
	autoloop *loop = new_loop();
	unsigned done = 0;
	struct task *t = nap(loop, 3600 * NSEC_PER_SEC, 0, 0, NULL);

	task_on_done(t, count_done, &done);
	task_cancel(t);
	assert_true(t->ended);
	assert_int_equal(done, 0);
	assert_int_equal(task_wait(t, NULL), -ERR_CANCELLED);
	assert_int_equal(done, 1);
}

static void test_result_outlives_cancel(void **state)
{
	autoloop *loop = new_loop();
	struct task *t = nap(loop, 5 * MSEC, -1, 4, NULL);

	task_cancel(t);
	assert_int_equal(task_wait(t, NULL), 4);
}

static void test_deadline(void **state)
{
	autoloop *loop = new_loop();
	struct error err = ERROR_INIT;
	struct task *t = nap(loop, 3600 * NSEC_PER_SEC, MSEC, 0, NULL);

	task_deadline(t, 3600 * NSEC_PER_SEC, "never");
	task_deadline(t, 5 * MSEC, "web took longer than 5ms");
	assert_int_equal(task_wait(t, &err), -ERR_TIMEOUT);
	assert_string_equal(err.msg, "web took longer than 5ms");
	t = nap(loop, MSEC, 0, 0, NULL);
	task_deadline(t, 3600 * NSEC_PER_SEC, "never");
	assert_int_equal(task_wait(t, &err), 0);
	t = nap(loop, 0, 0, 0, NULL);
	task_deadline(t, 1, "has ended");
	assert_int_equal(task_wait(t, &err), 0);
	t = nap(loop, 3600 * NSEC_PER_SEC, 20 * MSEC, 0, NULL);
	task_deadline(t, 5 * MSEC, "was cancelled before");
	task_cancel(t);
	assert_int_equal(task_wait(t, &err), -ERR_CANCELLED);
}

static void stop_loop(void *userdata)
{
	sd_event_exit(userdata, 0);
}

static void test_unref_is_a_silent_cancel(void **state)
{
	autoloop *loop = new_loop();
	unsigned done = 0, freed = 0;
	struct task *t = nap(loop, 3600 * NSEC_PER_SEC, 5 * MSEC, 0, &freed);

	task_on_done(t, count_done, &done);
	task_unref(task_ref(t));
	assert_false(t->cancelled);
	assert_null(task_unref(t));
	assert_int_equal(freed, 0);
	assert_ok(loop_after(loop, 20 * MSEC, stop_loop, loop, NULL, &err));
	sd_event_loop(loop);
	assert_int_equal(done, 0);
	assert_int_equal(freed, 1);
	task_unref(NULL);
}

static void drop_in_done(struct task *t, int r, void *userdata)
{
	task_unref(t);
	sd_event_exit(userdata, 0);
}

static void test_unref_in_done(void **state)
{
	autoloop *loop = new_loop();
	unsigned freed = 0;

	task_on_done(nap(loop, MSEC, 0, 0, &freed), drop_in_done, loop);
	sd_event_loop(loop);
	assert_int_equal(freed, 1);
}

static void test_wait_on_a_loop_that_is_over(void **state)
{
	autoloop *loop = new_loop();
	struct task *t = nap(loop, 3600 * NSEC_PER_SEC, 0, 0, NULL);

	sd_event_exit(loop, 0);
	assert_fails(ERR_SYS, task_wait(t, &err));
}

/* Groups: each member says what its nap does, and counts. */

struct count {
	unsigned now, most, started, ended, freed;
};

struct job {
	sd_event *loop;
	struct count *count;
	int64_t span;
	int result;
};

static void job_done(void *userdata)
{
	struct job *j = userdata;

	j->count->freed++;
	free(j);
}

struct counted {
	struct task task;
	struct job *job;
	struct task *nap;
};

static void counted_over(struct task *t, int r, void *userdata)
{
	struct counted *c = userdata;
	struct error err = t->err;

	c->job->count->now--;
	c->job->count->ended++;
	c->nap = task_unref(c->nap);
	task_end_with(&c->task, r, &err);
}

static void counted_cancel(struct task *t)
{
	struct counted *c = container_of(t, struct counted, task);

	task_cancel(c->nap);
}

static const struct task_ops counted_ops = { .name = "counted", .cancel = counted_cancel };

static struct task *job_start(void *userdata)
{
	struct job *j = userdata;
	struct counted *c = xnew(struct counted);

	task_init(&c->task, &counted_ops, j->loop);
	c->job = j;
	c->nap = nap(j->loop, j->span, 0, j->result, NULL);
	task_on_done(c->nap, counted_over, c);
	j->count->started++;
	j->count->now++;
	j->count->most = MAX(j->count->most, j->count->now);
	return &c->task;
}

static void add_job(struct task_group *g, sd_event *loop, struct count *count, int64_t span,
		    int result)
{
	struct job *j = xnew(struct job);

	*j = (struct job){ loop, count, span, result };
	task_group_add(g, job_start, j, job_done);
}

static void test_group_limit(void **state)
{
	autoloop *loop = new_loop();
	struct task_group *g = task_group_new(loop, 3);
	struct count n = { 0 };
	struct task *t;

	for (int i = 0; i < 20; i++)
		add_job(g, loop, &n, i % 3 * MSEC, 0);
	t = task_group_start(g);
	assert_int_equal(n.started, 3);
	assert_int_equal(task_wait(t, NULL), 0);
	assert_int_equal(n.ended, 20);
	assert_int_equal(n.most, 3);
	assert_int_equal(n.freed, 20);
}

static void test_group_of_none(void **state)
{
	autoloop *loop = new_loop();

	assert_int_equal(task_wait(task_group_start(task_group_new(loop, 1)), NULL), 0);
}

static void test_group_failure_cancels(void **state)
{
	autoloop *loop = new_loop();
	struct task_group *g = task_group_new(loop, 3);
	struct error err = ERROR_INIT;
	struct count n = { 0 };

	add_job(g, loop, &n, 3600 * NSEC_PER_SEC, 0);
	add_job(g, loop, &n, 2 * MSEC, -ERR_CONFLICT);
	add_job(g, loop, &n, 3600 * NSEC_PER_SEC, 0);
	add_job(g, loop, &n, MSEC, 0);
	assert_int_equal(task_wait(task_group_start(g), &err), -ERR_CONFLICT);
	assert_string_equal(err.msg, "nap failed");
	assert_int_equal(n.started, 3);
	assert_int_equal(n.ended, 3);
	assert_int_equal(n.freed, 4);
}

static void test_group_cancel(void **state)
{
	autoloop *loop = new_loop();
	struct task_group *g = task_group_new(loop, 0);
	struct count n = { 0 };
	struct task *t;

	for (int i = 0; i < 5; i++)
		add_job(g, loop, &n, 3600 * NSEC_PER_SEC, 0);
	t = task_group_start(g);
	assert_int_equal(n.started, 5);
	task_cancel(t);
	assert_int_equal(task_wait(t, NULL), -ERR_CANCELLED);
	assert_int_equal(n.ended, 5);
	assert_int_equal(n.now, 0);
}

static void test_group_deadline(void **state)
{
	autoloop *loop = new_loop();
	struct task_group *g = task_group_new(loop, 1);
	struct error err = ERROR_INIT;
	struct count n = { 0 };
	struct task *t;

	add_job(g, loop, &n, 3600 * NSEC_PER_SEC, 0);
	add_job(g, loop, &n, MSEC, 0);
	t = task_group_start(g);
	task_deadline(t, 3 * MSEC, "late");
	assert_int_equal(task_wait(t, &err), -ERR_TIMEOUT);
	assert_string_equal(err.msg, "late");
	assert_int_equal(n.started, 1);
	assert_int_equal(n.freed, 2);
}

/* The loop. */

static void note(void *userdata)
{
	++*(unsigned *)userdata;
}

static void test_loop_after(void **state)
{
	autoloop *loop = new_loop();
	autocall(source_unrefp) sd_event_source *a = NULL, *b = NULL;
	unsigned soon = 0, never = 0;

	assert_ok(loop_after(loop, 0, note, &soon, &a, &err));
	assert_ok(loop_after(loop, MSEC, note, &never, &b, &err));
	source_unrefp(&b);
	assert_ok(loop_after_owned(loop, MSEC, note, &soon, NULL, NULL, &err));
	assert_ok(loop_after_owned(loop, 3600 * NSEC_PER_SEC, note, &never, note, &b, &err));
	assert_ok(loop_after(loop, 5 * MSEC, stop_loop, loop, NULL, &err));
	assert_int_equal(soon, 0);
	sd_event_loop(loop);
	assert_int_equal(soon, 2);
	assert_int_equal(never, 0);
	source_unrefp(&b);
	assert_int_equal(never, 1); /* its userdata was freed */
}

struct interrupts {
	sd_event *loop;
	int signals[3];
	unsigned n;
};

static void on_interrupt(void *userdata, int sig, unsigned count)
{
	struct interrupts *in = userdata;

	in->signals[in->n++] = sig;
	assert_int_equal(count, in->n);
	if (in->n == 3)
		sd_event_exit(in->loop, 0);
	else
		raise(in->n == 1 ? SIGTERM : SIGINT);
}

static void test_interrupts(void **state)
{
	struct interrupts in = { .loop = new_loop() };
	sigset_t old;

	sigprocmask(SIG_SETMASK, NULL, &old);
	assert_ok(loop_on_interrupt(in.loop, on_interrupt, &in, &err));
	raise(SIGINT);
	sd_event_loop(in.loop);
	assert_int_equal(in.signals[0], SIGINT);
	assert_int_equal(in.signals[1], SIGTERM);
	assert_int_equal(in.signals[2], SIGINT);
	sd_event_unref(in.loop);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_done_comes_from_the_loop),
		cmocka_unit_test(test_failure_is_kept),
		cmocka_unit_test(test_cancel_waits_for_the_stop),
		cmocka_unit_test(test_cancel_ends_within),
		cmocka_unit_test(test_result_outlives_cancel),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_unref_is_a_silent_cancel),
		cmocka_unit_test(test_unref_in_done),
		cmocka_unit_test(test_wait_on_a_loop_that_is_over),
		cmocka_unit_test(test_group_limit),
		cmocka_unit_test(test_group_of_none),
		cmocka_unit_test(test_group_failure_cancels),
		cmocka_unit_test(test_group_cancel),
		cmocka_unit_test(test_group_deadline),
		cmocka_unit_test(test_loop_after),
		cmocka_unit_test(test_interrupts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
