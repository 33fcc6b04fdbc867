/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What others and compose-git say to each other: the job is one JSON object in descriptor
 * GIT_FD_JOB, the answer one in a line on stdout. compose-git fetches what it needs of a remote
 * repository, without a hook, a program or a setting of the user's, and writes the files of one
 * commit into a directory, which is all that it may write to. Repositories are reached by http,
 * https, git and ssh (by the agent of SSH_AUTH_SOCK) and in no other way, submodules too.
 */
#ifndef BUILDER_GIT_JOB_H
#define BUILDER_GIT_JOB_H

#include "util/json.h"

#define GIT_FD_JOB 3

#define LIMIT_GIT_BYTES	  (4ULL << 30) /* received, and written */
#define LIMIT_GIT_FILES	  (2ULL << 20)
#define LIMIT_GIT_DEPTH	  256 /* directories in each other */
#define LIMIT_GIT_NESTING 16  /* submodules in each other */
#define LIMIT_GIT_MODULES 1000

struct git_job {
	char *url;
	char *local;  /* the directory of a url that is file://, which may be read; else NULL */
	char *ref;    /* a branch, a tag, a full name, a commit; NULL: the remote's HEAD */
	char *subdir; /* what is written of it; NULL: all */
	char *dir;    /* empty; the files come into dir/files. NULL: only says which commit */
	/* For http and https, sent to the origin (scheme, host and port) of url alone: a token, or
	 * the whole value of an Authorization header. */
	char *token, *header;
	char *agent;	    /* socket of the ssh agent; NULL: SSH_AUTH_SOCK */
	bool keep_git;	    /* files/.git is a repository of that commit; not with subdir */
	bool no_submodules; /* their directories stay empty */
};

struct git_answer {
	char *error, *message; /* err_code_name() and why, or both NULL */
	char *commit;	       /* 40 digits */
	char *object;	       /* what the ref itself names: the commit, or a tag with a message */
};

extern const struct json_field git_job_fields[], git_answer_fields[];

#endif
