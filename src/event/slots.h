/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much is done at once. Who begins something large (a pull, a step of a build, a start) takes a
 * slot for as long as it lasts; the limit of a pool holds whoever takes from it. A pool may lie in
 * another one, and then takes one there too.
 *
 * While memory is short nothing begins beside what is already under way: but one always may.
 */
#ifndef EVENT_SLOTS_H
#define EVENT_SLOTS_H

#include "util/vec.h"

#include <systemd/sd-event.h>

struct slots;
/* limit 0: none of its own. outer may be NULL, and must live as long. */
struct slots *slots_new(sd_event *loop, struct slots *outer, unsigned limit);
struct slots *slots_free(struct slots *s);

struct slots_waiter {
	void (*turn)(void *userdata); /* from the loop: it is worth another try */
	void *userdata;
	/* private */
	struct slots *at; /* where it waits, or NULL */
};
/* True: the caller has one. False: w is told once when there may be one. */
bool slots_take(struct slots *s, struct slots_waiter *w);
void slots_give(struct slots *s);
void slots_forget(struct slots_waiter *w);

/* Little is available, or processes stand still for it, by the kernel's own measures (/proc/meminfo,
 * /proc/pressure/memory). */
bool memory_is_short(void);

#endif
