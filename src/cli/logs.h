/* SPDX-License-Identifier: Apache-2.0 */
/* The output of several containers at once, as `logs` and `up` show it. */
#ifndef CLI_LOGS_H
#define CLI_LOGS_H

#include "cli/project.h"

struct logs_show {
	struct log_options log;
	bool no_prefix, no_color, timestamps;
};

/* Whose: asked for each container that the project has, and, with follow, for each that starts later. */
struct logs_of {
	bool (*wanted)(void *userdata, const struct container_info *c);
	/* With follow, of each that ends, after its last line; or NULL. Restarting: its policy brings it back. */
	void (*ended)(void *userdata, const char *name, int exit_code, bool restarting);
	void *userdata;
};

/* Ends when all have been shown; with follow: when none of them runs or comes back, or it is cancelled. */
struct task *logs_task(struct project *p, const struct logs_show *show, const struct logs_of *of);

#endif
