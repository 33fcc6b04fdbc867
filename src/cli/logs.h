/* SPDX-License-Identifier: Apache-2.0 */
/* The output of several containers at once, as `logs` and `up` show it. */
#ifndef CLI_LOGS_H
#define CLI_LOGS_H

#include "cli/project.h"

struct logs_show {
	struct log_options log;
	bool no_prefix, no_color, timestamps;
};

/* Ends when all have been shown; with follow: when all of these containers have ended, or it is cancelled. ended (may be
 * NULL) is told of each container that has ended while it was followed. */
typedef void (*logs_ended_fn)(void *userdata, const struct container_info *c, int exit_code);
struct task *logs_task(struct project *p, const struct container_info *const *containers, size_t n,
		       const struct logs_show *show, logs_ended_fn ended, void *userdata);

#endif
