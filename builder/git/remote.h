/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BUILDER_GIT_REMOTE_H
#define BUILDER_GIT_REMOTE_H

#include "builder/git/job.h"

#include <git2.h>

/* From libgit2's last error. */
int git_fail(struct error *err, int code, const char *what);
/* Which commit the job means: its 40 digits; *ret_name is the remote's name of it, NULL when only
 * the commit is known. Owned by the caller. */
int remote_resolve(git_remote *remote, const struct git_job *job, char ret_commit[41],
		   char **ret_name, struct error *err);
/* Fetches that name, or all branches and tags when it is NULL. */
int remote_fetch(git_remote *remote, const char *name, struct error *err);
int remote_connect(git_remote *remote, struct error *err);

#endif
