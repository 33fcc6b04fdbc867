/* SPDX-License-Identifier: Apache-2.0 */
/* A remote repository: what it has under which name, and its objects. */
#ifndef BUILDER_GIT_REMOTE_H
#define BUILDER_GIT_REMOTE_H

#include "builder/git/job.h"

#include <git2.h>

/* From libgit2's last error. */
int git_fail(struct error *err, int code, const char *what);

/* All that the remotes of one job share. */
struct remote_access {
	const struct git_job *job; /* whose secrets are for the origin of its url */
	uint64_t received;
};

struct remote {
	struct remote_access *access; /* borrowed */
	char *url;
	char *header; /* "Authorization: ...", or NULL */
	unsigned tries;
	bool too_much;
	git_remote *git;
};

/* Which commit is meant. */
struct remote_want {
	char object[GIT_OID_HEXSZ + 1]; /* what the name stands for: a commit or a tag */
	char commit[GIT_OID_HEXSZ + 1]; /* as far as the remote says it */
	char *name; /* the remote's full name of it, or NULL when only the commit is known */
};
void remote_want_done(struct remote_want *w);

/* repo: where its objects go, borrowed; NULL: it is only asked. */
int remote_open(struct remote_access *access, git_repository *repo, const char *url,
		struct remote *ret, struct error *err);
void remote_close(struct remote *r);
/* Connects, and looks for the ref (NULL: the remote's HEAD). A commit is not asked for: it is what
 * it is. */
int remote_resolve(struct remote *r, const char *ref, struct remote_want *ret, struct error *err);
/* Fetches what is wanted, and no more than that where the remote does it. */
int remote_fetch(struct remote *r, const struct remote_want *want, struct error *err);

/* shallow.c, shallow-none.c: no history, where libgit2 can. */
void remote_no_history(git_fetch_options *opt);

#endif
