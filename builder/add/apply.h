/* SPDX-License-Identifier: Apache-2.0 */
/* Members of an archive into a root filesystem, one by one. */
#ifndef BUILDER_ADD_APPLY_H
#define BUILDER_ADD_APPLY_H

#include "builder/add/job.h"
#include "registry/unpack/entry.h"

struct apply;
/* Opens what the job names. */
int apply_new(const struct add_job *job, struct apply **ret, struct error *err);
struct apply *apply_free(struct apply *a);
DEFINE_FREEP(struct apply, apply_free);
/* The descriptors of the lower directories and, last, of the upper. */
int apply_member(struct apply *a, struct reader *r, const struct entry *e, struct error *err);
/* The times of directories, which members change. */
int apply_end(struct apply *a, struct error *err);

#endif
