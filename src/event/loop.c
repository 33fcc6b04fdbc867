/* SPDX-License-Identifier: Apache-2.0 */
#include "event/loop.h"

#include "util/time.h"

#include <signal.h>

#define ACCURACY_USEC 1000 /* sd-event's own default is 250 ms */

int loop_new(sd_event **ret, struct error *err)
{
	sd_event *loop = NULL;
	int r = sd_event_new(&loop);

	if (r < 0)
		return error_sys_from(err, -r, "make an event loop");
	signal(SIGPIPE, SIG_IGN);
	*ret = loop;
	return 0;
}

struct timer {
	loop_fn fn;
	void *userdata;
	void (*free_userdata)(void *);
};

static void timer_free(void *userdata)
{
	struct timer *t = userdata;

	if (t->free_userdata)
		t->free_userdata(t->userdata);
	free(t);
}

static int timer_fire(struct timer *t)
{
	t->fn(t->userdata);
	return 0;
}

static int on_defer(sd_event_source *s, void *userdata)
{
	return timer_fire(userdata);
}

static int on_time(sd_event_source *s, uint64_t usec, void *userdata)
{
	return timer_fire(userdata);
}

int loop_after_owned(sd_event *loop, int64_t span, loop_fn fn, void *userdata,
		     void (*free_userdata)(void *), sd_event_source **ret, struct error *err)
{
	autocall(source_unrefp) sd_event_source *s = NULL;
	struct timer *t = xnew(struct timer);
	int r;

	*t = (struct timer){ fn, userdata, free_userdata };
	if (span <= 0)
		r = sd_event_add_defer(loop, &s, on_defer, t);
	else
		r = sd_event_add_time_relative(
			loop, &s, CLOCK_MONOTONIC,
			(uint64_t)((span + NSEC_PER_USEC - 1) / NSEC_PER_USEC), ACCURACY_USEC,
			on_time, t);
	if (r < 0) {
		timer_free(t);
		return error_sys_from(err, -r, "make a timer");
	}
	sd_event_source_set_destroy_callback(s, timer_free);
	if (ret) {
		*ret = TAKE_PTR(s);
	} else {
		sd_event_source_set_floating(s, true);
		s = sd_event_source_unref(s);
	}
	return 0;
}

int loop_after(sd_event *loop, int64_t span, loop_fn fn, void *userdata, sd_event_source **ret,
	       struct error *err)
{
	return loop_after_owned(loop, span, fn, userdata, NULL, ret, err);
}

/* Shared by the sources of both signals. */
struct interrupts {
	loop_interrupt_fn fn;
	void *userdata;
	unsigned count, refs;
};

static void interrupts_unref(void *userdata)
{
	struct interrupts *in = userdata;

	if (!--in->refs)
		free(in);
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
	struct interrupts *in = userdata;

	in->fn(in->userdata, (int)si->ssi_signo, ++in->count);
	return 0;
}

static int add_signal(sd_event *loop, int sig, struct interrupts *in, struct error *err)
{
	sd_event_source *s = NULL;
	int r = sd_event_add_signal(loop, &s, sig, on_signal, in);

	if (r < 0)
		return error_sys_from(err, -r, "watch for signal %d", sig);
	in->refs++;
	sd_event_source_set_destroy_callback(s, interrupts_unref);
	sd_event_source_set_floating(s, true);
	sd_event_source_unref(s);
	return 0;
}

int loop_on_interrupt(sd_event *loop, loop_interrupt_fn fn, void *userdata, struct error *err)
{
	static const int signals[] = { SIGINT, SIGTERM };
	struct interrupts *in = xnew(struct interrupts);
	sigset_t set;
	int r = 0;

	*in = (struct interrupts){ fn, userdata, 0, 1 };
	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&set, signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		r = error_sys(err, "block signals");
	for (size_t i = 0; i < ARRAY_SIZE(signals) && !r; i++)
		r = add_signal(loop, signals[i], in, err);
	interrupts_unref(in);
	return r;
}
