/* SPDX-License-Identifier: Apache-2.0 */
/* ADD of git repositories: where one is, in all the ways to say it, and fetching it by compose-git.
 */
#include "builder/aide.h"
#include "builder/files.h"
#include "builder/git/job.h"

#include "util/path.h"

void git_part_done(struct git_part *p, struct store *store)
{
	tree_free(p->tree);
	copy_picks_done(&p->picks);
	if (p->dir && store)
		store_layer_unstage(store, p->dir, NULL);
	free(p->url);
	free(p->ref);
	free(p->subdir);
	free(p->checksum);
	free(p->commit);
	free(p->dir);
	*p = (struct git_part){ 0 };
}

static void set(char **slot, struct str value)
{
	free(*slot);
	*slot = str_dup(value);
}

static int set_query(struct git_part *p, struct str key, struct str value, struct error *err)
{
	if (str_eq(key, "ref") || str_eq(key, "branch") || str_eq(key, "tag"))
		set(&p->ref, value);
	else if (str_eq(key, "subdir"))
		set(&p->subdir, value);
	else if (str_eq(key, "commit") || str_eq(key, "checksum"))
		set(&p->checksum, value);
	else if (str_eq(key, "keep-git-dir") || str_eq(key, "submodules"))
		return str_eq(value, "false")
			       ? 0
			       : error_set(err, ERR_UNSUPPORTED,
					   "%.*s of a git source is not supported yet", (int)key.n,
					   key.p);
	else
		return error_set(
			err, ERR_INVALID,
			"%.*s is not known in the URL of a repository: there are ref, branch, tag, "
			"commit, checksum and subdir",
			(int)MIN(key.n, 100), key.p);
	return 0;
}

int git_part_parse(const char *text, struct git_part *ret, struct error *err)
{
	struct str rest = str_of(text), fragment, query, pair, ref, subdir;
	int r = 0;

	str_cut(rest, '#', &rest, &fragment);
	str_cut(rest, '?', &rest, &query);
	ret->url = str_dup(rest);
	if (fragment.n) {
		str_cut(fragment, ':', &ref, &subdir);
		if (ref.n)
			set(&ret->ref, ref);
		if (subdir.n)
			set(&ret->subdir, subdir);
	}
	while (!r && query.n) {
		struct str key, value;

		str_cut(query, '&', &pair, &query);
		str_cut(pair, '=', &key, &value);
		r = set_query(ret, key, value, err);
	}
	if (!r && ret->subdir) {
		autofree char *joined = xprintf("/%s", ret->subdir), *clean = path_clean(joined);

		free(ret->subdir);
		ret->subdir = xstrdup(clean + 1);
	}
	if (!r && !ret->ref && ret->checksum)
		ret->ref = xstrdup(ret->checksum);
	return r;
}

struct git_fetch {
	struct step *step;
	int (*then)(struct step *s, struct error *err);
	size_t i;
	json_t *answer;
};

static int keep(struct git_fetch *f, struct error *err)
{
	struct git_part *p = &f->step->copy->gits.v[f->i];
	autofree char *files = path_join(p->dir, "files");
	autostrv dirs = { 0 };
	int r;

	p->commit = xstrdup(json_str(f->answer, "commit") ?: "");
	if (p->checksum && !starts_with(p->commit, p->checksum))
		return error_set(err, ERR_CORRUPT, "%s: %s is the commit %s, not %s", p->url,
				 p->ref ? p->ref : "HEAD", p->commit, p->checksum);
	strv_push(&dirs, files);
	r = tree_open(&dirs, &p->tree, err);
	p->source = (struct copy_source){ .tree = p->tree, .name = p->url };
	return r;
}

static void fetched(struct task *t, int r, void *userdata);

static void next(struct git_fetch *f)
{
	struct step *s = f->step;
	struct git_part *p = &s->copy->gits.v[f->i];
	struct build *b = s->run->build;
	struct error err = ERROR_INIT;
	int r = store_layer_stage(b->store, &p->dir, &err);
	const struct git_job job = { p->url, p->ref, p->subdir, p->dir };

	json_decref(f->answer);
	f->answer = NULL;
	if (r < 0)
		s->task = task_resolved(b->task.loop, r, &err);
	else
		s->task = aide_start(b->task.loop, "compose-git", json_encode(git_job_fields, &job),
				     -1, &f->answer);
	task_on_done(s->task, fetched, f);
}

/* The step may be gone once it was told. */
static void ended(struct git_fetch *f, int r, struct error *err)
{
	struct step *s = f->step;
	struct build *b = s->run->build;
	const struct inst *in = s->in;

	if (r >= 0 && !b->failed)
		r = f->then(s, err);
	if (r < 0) {
		inst_error_at(in, NULL, err);
		build_fail(b, err);
	}
	build_kick(b);
	json_decref(f->answer);
	free(f);
}

static void fetched(struct task *t, int r, void *userdata)
{
	struct git_fetch *f = userdata;
	struct step *s = f->step;
	struct error err = t->err;

	s->task = task_unref(s->task);
	if (r >= 0)
		r = keep(f, &err);
	else
		error_wrap(&err, "%s", s->copy->gits.v[f->i].url);
	f->i++;
	if (r < 0 || s->run->build->failed || f->i == s->copy->gits.n)
		ended(f, r, &err);
	else
		next(f);
}

int git_start(struct step *s, int (*then)(struct step *s, struct error *err), struct error *err)
{
	struct git_fetch *f = xnew(struct git_fetch);

	f->step = s;
	f->then = then;
	s->run->state = STAGE_STEP;
	next(f);
	return 1;
}
