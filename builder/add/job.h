/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the builder and compose-add say to each other. compose-add unpacks one archive, which it
 * reads on stdin, into a directory of a root filesystem: `upper` over the directories `lower`,
 * which are all that it can reach. Symlinks that the archive or the directory have are followed as
 * if that directory were the root. The job is one JSON object in descriptor ADD_FD_JOB, the answer
 * one in a line on stdout.
 */
#ifndef BUILDER_ADD_JOB_H
#define BUILDER_ADD_JOB_H

#include "util/json.h"

#define ADD_FD_JOB 3

struct add_job {
	struct strv lower; /* the bottom first */
	char *upper;	   /* NULL: only asks whether this is an archive */
	int64_t uid, gid;  /* of the members; -1: as the archive says */
};

struct add_answer {
	char *error; /* err_code_name(), or NULL */
	char *message;
	bool none; /* this is no archive */
};

extern const struct json_field add_job_fields[], add_answer_fields[];

#endif
