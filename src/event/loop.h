/* SPDX-License-Identifier: Apache-2.0 */
/* One sd-event loop per process: how it is made, and the ways in which it is used everywhere. */
#ifndef EVENT_LOOP_H
#define EVENT_LOOP_H

#include "util/error.h"

#include <systemd/sd-event.h>

/* Also has SIGPIPE ignored from now on: who writes to a closed pipe or socket gets EPIPE. (Children start with
 * the default again.) */
int loop_new(sd_event **ret, struct error *err);
static inline void loop_unrefp(sd_event **l) { *l = sd_event_unref(*l); }
#define autoloop autocall(loop_unrefp) sd_event

/* Calls fn once, after this span (ns; 0: as soon as the loop turns). The source is owned by the caller; with ret
 * NULL by the loop. */
typedef void (*loop_fn)(void *userdata);
int loop_after(sd_event *loop, int64_t span, loop_fn fn, void *userdata, sd_event_source **ret,
	       struct error *err);
/* The same, with a userdata that is freed with the source, or at once on failure. */
int loop_after_owned(sd_event *loop, int64_t span, loop_fn fn, void *userdata,
		     void (*free_userdata)(void *), sd_event_source **ret, struct error *err);
static inline void source_unrefp(sd_event_source **s) { *s = sd_event_source_disable_unref(*s); }

/* SIGINT and SIGTERM: fn(sig, count) with 1 for the first of either, 2 for the second... Both are blocked from
 * now on, for the loop to take them. */
typedef void (*loop_interrupt_fn)(void *userdata, int sig, unsigned count);
int loop_on_interrupt(sd_event *loop, loop_interrupt_fn fn, void *userdata, struct error *err);

#endif
