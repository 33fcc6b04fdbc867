/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of one commit, written below a directory: no link is followed, no name that git would
 * not have made is taken, no filter is run but git's own of line ends. Submodules are fetched on
 * the way, each into a repository of its own beside the first.
 */
#ifndef BUILDER_GIT_CHECKOUT_H
#define BUILDER_GIT_CHECKOUT_H

#include "builder/git/remote.h"

struct checkout {
	struct remote_access access;
	const char *dir; /* where repositories are made */
	int dirfd;	 /* the same */
	unsigned repos;
	uint64_t bytes, files;
	struct error *err;
};

/* Fetches and writes into dir/files. */
int checkout_run(struct checkout *c, struct git_answer *ret);

/* keep.c: makes the repository in dir/NAME what files/.git is. */
int keep_repository(struct checkout *c, git_repository *repo, const char *name,
		    const struct remote_want *want);

#endif
