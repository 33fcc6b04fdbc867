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
	/* What is no archive becomes this file; NULL: an archive is what it must be. Stdin may be a
	 * pipe then. */
	char *file;
	int64_t mtime; /* ns, of that file */
	bool plain;    /* not looked at: it is that file */
};

struct add_answer {
	char *error; /* err_code_name(), or NULL */
	char *message;
	bool none;	/* this is no archive */
	int64_t newest; /* s: the latest time of a member */
};

extern const struct json_field add_job_fields[], add_answer_fields[];

#endif
