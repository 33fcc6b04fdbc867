/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BUILDER_GIT_TREE_H
#define BUILDER_GIT_TREE_H

#include "builder/git/job.h"

#include <git2.h>

/* Writes a commit's files (below subdir, when it is given) into the empty directory `dirfd`: 0644
 * and 0755, times of the commit. */
int tree_write(git_repository *repo, const char *commit, const char *subdir, int dirfd,
	       struct error *err);

#endif
