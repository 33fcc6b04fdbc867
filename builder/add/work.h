/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other thing that compose-add does: a COPY, or the digest of what one takes, when that is too
 * much to be done between two turns of the builder's loop.
 */
#ifndef BUILDER_ADD_WORK_H
#define BUILDER_ADD_WORK_H

#include "util/json.h"
#include "util/vec.h"

#define WORK_DIGEST "digest"
#define WORK_COPY   "copy"

struct work_pick {
	char *path, *base;
	struct strv include;
};

struct work {
	char *op;
	struct strv source; /* layers of the source, the bottom first */
	struct strv ignored, exclude;
	bool own, has_ignored, has_exclude;
	VEC(struct work_pick) picks;
	/* copy */
	struct strv lower;
	char *upper, *dest, *chmod;
	int64_t uid, gid;
};

struct work_answer {
	char *error, *message;
	char *digest;
	int64_t newest; /* ns */
};

extern const struct json_field work_fields[], work_answer_fields[];

struct error;
int work_run(const struct work *w, struct work_answer *ret, struct error *err);

#endif
