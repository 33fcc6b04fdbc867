/* SPDX-License-Identifier: Apache-2.0 */
/* WORKDIR as a step: the directory is made, with the owner that USER names. */
#include "builder/lint.h"
#include "builder/step.h"

#include "util/path.h"

static int owner_of_user(struct stage_run *run, int64_t *uid, int64_t *gid, struct error *err)
{
	const char *user = run->cfg.config.user;
	autocall(tree_freep) struct tree *t = NULL;
	int r;

	*uid = *gid = 0;
	if (!user || !*user)
		return 0;
	r = tree_open(&run->rootfs.dirs, &t, err);
	if (!r)
		r = copy_owner(t, user, false, uid, gid,
			       err); /* who it is is asked when something runs */
	return r;
}

static int make_workdir(struct step *s, struct error *err)
{
	const struct copy_options opt = { .uid = -1, .gid = -1 };
	autocall(copier_freep) struct copier *c = NULL;
	int64_t uid, gid;
	int r = owner_of_user(s->run, &uid, &gid, err);

	if (!r)
		r = copier_new(&s->run->rootfs.dirs, s->upper, &opt, &c, err);
	if (!r)
		r = copier_mkdirs(c, s->run->cfg.config.working_dir, 0755, uid, gid, NULL, err);
	return r;
}

static void key_workdir(struct step *s)
{
	struct cache_key k;

	key_begin(&k, "workdir");
	key_number(&k, s->run->build->epoch);
	key_text(&k, s->run->rootfs.chain);
	key_text(&k, s->run->cfg.config.working_dir);
	key_text(&k, s->run->cfg.config.user);
	key_end(&k, s->key);
}

int workdir_take(struct stage_run *run, const struct inst *in, struct error *err)
{
	char **wd = &run->cfg.config.working_dir;
	autofree char *path = NULL, *next = NULL;
	int r = stage_expand(run, in, in->args.v[0], &path, err);

	if (r < 0)
		return r;
	if (!run->workdir_set && path[0] != '/')
		lint_warn(run->build, LINT_WORKDIR_RELATIVE_PATH, in->line,
			  "the relative WORKDIR %s depends on what the base image has set", path);
	run->workdir_set = true;
	next = path_absolute(*wd && **wd ? *wd : "/", path);
	free(*wd);
	*wd = TAKE_PTR(next);
	return 0;
}

int files_workdir(struct stage_run *run, const struct inst *in, struct error *err)
{
	struct step *s;
	int r = workdir_take(run, in, err);

	if (r < 0)
		return r;
	s = step_new(run, in);
	s->newest = run->newest;
	s->history = xprintf("WORKDIR %s", run->cfg.config.working_dir);
	s->make = make_workdir;
	stage_step_begin(run, in);
	key_workdir(s);
	r = step_cached(s, err);
	if (!r)
		return step_start(s, err);
	step_drop(s);
	return r < 0 ? r : 0;
}
