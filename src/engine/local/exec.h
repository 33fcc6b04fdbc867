/* SPDX-License-Identifier: Apache-2.0 */
/* A second process in a container, by the runtime's exec: what `exec` and the health probes share.
 */
#ifndef LOCAL_EXEC_H
#define LOCAL_EXEC_H

#include "engine/local/local.h"
#include "event/child.h"

struct exec_run {
	struct child child;
	int log; /* a file in memory: what the runtime itself complains about */
};
/* Starts it; the caller watches run->child. */
int exec_start(struct local *l, const struct record *rec, const struct exec_spec *x,
	       struct exec_run *run, struct error *err);
/* After it has ended: 0, or the runtime's own error when it was not the program that failed. *code
 * becomes 126 or 127 where Docker's does. */
int exec_result(struct exec_run *run, int *code, struct error *err);
void exec_done(struct exec_run *run);

#endif
