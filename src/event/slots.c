/* SPDX-License-Identifier: Apache-2.0 */
#include "event/slots.h"

#include "event/loop.h"
#include "util/time.h"

#include <stdlib.h>

#define LOOK_AGAIN (50 * NSEC_PER_MSEC)

struct slots {
	sd_event *loop; /* a reference */
	struct slots *outer;
	unsigned limit, busy;
	VEC(struct slots_waiter *) waiters;
	sd_event_source *wake;
	int64_t looked; /* when memory was looked at last */
	bool memory_short;
};

struct slots *slots_new(sd_event *loop, struct slots *outer, unsigned limit)
{
	struct slots *s = xnew(struct slots);

	s->loop = sd_event_ref(loop);
	s->outer = outer;
	s->limit = limit ? limit : UINT32_MAX;
	return s;
}

struct slots *slots_free(struct slots *s)
{
	if (!s)
		return NULL;
	while (s->waiters.n)
		slots_forget(s->waiters.v[0]);
	source_unrefp(&s->wake);
	vec_done(&s->waiters);
	sd_event_unref(s->loop);
	free(s);
	return NULL;
}

void slots_forget(struct slots_waiter *w)
{
	if (w->at)
		vec_forget(&w->at->waiters, w);
	w->at = NULL;
}

/* Each in the order in which it came; who finds none waits again, behind the others. */
static void wake_all(void *userdata)
{
	struct slots *s = userdata;
	size_t n = s->waiters.n;

	source_unrefp(&s->wake);
	while (n-- && s->waiters.n) {
		struct slots_waiter *w = s->waiters.v[0];

		slots_forget(w);
		w->turn(w->userdata);
	}
}

static bool wait_at(struct slots *s, struct slots_waiter *w)
{
	if (w->at == s)
		return false;
	slots_forget(w);
	w->at = s;
	*vec_add(&s->waiters) = w;
	return false;
}

static bool must_wait(struct slots *s)
{
	if (s->outer || !s->busy || s->busy >= s->limit)
		return s->busy >= s->limit;
	if (time_monotonic() - s->looked > LOOK_AGAIN) {
		s->memory_short = memory_is_short();
		s->looked = time_monotonic();
	}
	return s->memory_short;
}

bool slots_take(struct slots *s, struct slots_waiter *w)
{
	for (struct slots *p = s; p; p = p->outer)
		if (must_wait(p))
			return wait_at(p, w);
	slots_forget(w);
	for (; s; s = s->outer)
		s->busy++;
	return true;
}

void slots_give(struct slots *s)
{
	for (; s; s = s->outer) {
		s->busy--;
		if (s->waiters.n && !s->wake)
			(void)loop_after(s->loop, 0, wake_all, s, &s->wake, NULL);
	}
}
