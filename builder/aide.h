/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The builder's helpers (compose-add, compose-git) as tasks: a job as JSON in descriptor 3, one
 * line of JSON on stdout as the answer, whose members "error" (err_code_name()) and "message" say
 * what failed.
 */
#ifndef BUILDER_AIDE_H
#define BUILDER_AIDE_H

#include "event/task.h"
#include "util/json.h"

/* Takes job. stdin_fd is borrowed, -1: nothing. *ret_answer (may be NULL) is owned by the caller,
 * set before done. */
struct task *aide_start(sd_event *loop, const char *program, json_t *job, int stdin_fd,
			json_t **ret_answer);

#endif
