/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the builder and compose-git say to each other: the job is one JSON object in descriptor
 * GIT_FD_JOB, the answer one in a line on stdout. compose-git fetches what it needs of a remote
 * repository, without a hook, a filter or a setting of the user's, and writes the files of one
 * commit into a directory that it may write to.
 */
#ifndef BUILDER_GIT_JOB_H
#define BUILDER_GIT_JOB_H

#include "util/json.h"

#define GIT_FD_JOB 3

#define LIMIT_GIT_BYTES (4ULL << 30) /* received, and written */
#define LIMIT_GIT_FILES (2ULL << 20)
#define LIMIT_GIT_DEPTH 256

struct git_job {
	char *url;
	char *ref;    /* a branch, a tag, a full name, a commit; NULL: the remote's HEAD */
	char *subdir; /* what is written of it; NULL: all */
	char *dir;    /* empty; the files come into dir/files. NULL: only says which commit */
};

struct git_answer {
	char *error, *message;
	char *commit; /* 40 digits */
};

extern const struct json_field git_job_fields[], git_answer_fields[];

#endif
