/* SPDX-License-Identifier: Apache-2.0 */
/* --keep-git-dir: what was fetched becomes .git of the files, with HEAD at the commit. */
#include "builder/git/checkout.h"

#include "builder/git/origin.h"
#include "util/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int set_head(git_repository *repo, const struct remote_want *want, git_object **ret)
{
	git_oid oid;
	git_object *o = NULL;
	int r = git_oid_fromstr(&oid, want->object);

	if (!r)
		r = git_object_lookup(&o, repo, &oid, GIT_OBJECT_ANY);
	if (!r)
		r = git_object_peel(ret, o, GIT_OBJECT_COMMIT);
	if (!r)
		r = git_repository_set_head_detached(repo, git_object_id(*ret));
	git_object_free(o);
	return r;
}

static int set_config(git_repository *repo, const char *url)
{
	autofree char *shown = origin_shown(url);
	git_config *cfg = NULL;
	int r = git_repository_config(&cfg, repo);

	if (!r)
		r = git_config_set_bool(cfg, "core.bare", false);
	if (!r)
		r = git_config_set_string(cfg, "remote.origin.url", shown);
	if (!r)
		r = git_config_set_string(cfg, "remote.origin.fetch",
					  "+refs/heads/*:refs/remotes/origin/*");
	git_config_free(cfg);
	return r;
}

/* So that `git status` finds nothing changed. */
static int set_index(git_repository *repo, const git_object *commit)
{
	autofree char *path = path_join(git_repository_path(repo), "index");
	git_index *index = NULL;
	git_tree *t = NULL;
	int r = git_commit_tree(&t, (const git_commit *)commit);

	if (!r)
		r = git_index_open(&index, path);
	if (!r)
		r = git_index_read_tree(index, t);
	if (!r)
		r = git_index_write(index);
	git_index_free(index);
	git_tree_free(t);
	return r;
}

int keep_repository(struct checkout *c, git_repository *repo, const char *name,
		    const struct remote_want *want)
{
	git_object *commit = NULL;
	int r = set_head(repo, want, &commit);

	if (!r)
		r = set_index(repo, commit);
	if (!r)
		r = set_config(repo, c->access.job->url);
	git_object_free(commit);
	if (r < 0)
		return git_fail(c->err, r, ".git");
	if (renameat(c->dirfd, name, c->dirfd, "files/.git") < 0)
		return error_sys(c->err, "files/.git");
	return 0;
}
