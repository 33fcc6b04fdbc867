/* SPDX-License-Identifier: Apache-2.0 */
/* A build context that comes as one file: an archive of it, or a Dockerfile alone. */
#ifndef BUILDER_ADD_CONTEXT_H
#define BUILDER_ADD_CONTEXT_H

#include "builder/add/job.h"

/* What is on stdin is made readable from its start. When it is no archive, it becomes job->file in
 * job->upper, and *ret_none is set. */
int context_begin(const struct add_job *job, bool *ret_none, struct error *err);

#endif
