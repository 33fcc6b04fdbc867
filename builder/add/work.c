/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/add/work.h"

#include "builder/copy.h"

struct worker {
	struct tree *tree;
	struct ignore *ignored, *exclude;
	struct chmod chmod;
	struct copy_source src;
	struct copy_options opt;
	copy_picks picks;
};

static void worker_done(struct worker *x)
{
	copy_picks_done(&x->picks);
	tree_free(x->tree);
	ignore_free(x->ignored);
	ignore_free(x->exclude);
}

static int add_pick(struct worker *x, const struct work_pick *p, struct error *err)
{
	struct copy_pick *pick = vec_add(&x->picks);
	autotreepath at = { 0 };
	int r = tree_resolve(x->tree, p->path, false, &at, err);

	if (!r && !at.exists)
		r = error_set(err, ERR_NOT_FOUND, "%s went away while it was read", p->path);
	pick->path = xstrdup(p->path);
	pick->base = xstrdup(p->base ? p->base : "");
	pick->st = at.st;
	if (!r && p->include.n)
		r = ignore_new(&p->include, &pick->include, err);
	return r;
}

static int set_up(struct worker *x, const struct work *w, struct error *err)
{
	int r = tree_open(&w->source, &x->tree, err);

	if (!r && w->has_ignored)
		r = ignore_new(&w->ignored, &x->ignored, err);
	if (!r && w->has_exclude)
		r = ignore_new(&w->exclude, &x->exclude, err);
	if (!r && w->chmod)
		r = chmod_parse(w->chmod, &x->chmod, err);
	for (size_t i = 0; !r && i < w->picks.n; i++)
		r = add_pick(x, &w->picks.v[i], err);
	x->src = (struct copy_source){
		.tree = x->tree, .ignored = x->ignored, .own = w->own, .name = "the source"
	};
	x->opt = (struct copy_options){
		.chmod = w->chmod ? &x->chmod : NULL,
		.uid = w->uid,
		.gid = w->gid,
		.exclude = x->exclude,
	};
	return r;
}

static int run_digest(struct worker *x, struct work_answer *ret, struct error *err)
{
	struct hash *h = hash_new(HASH_SHA256);
	char digest[DIGEST_MAX];
	int r;

	ret->newest = INT64_MIN;
	r = copy_digest(&x->src, &x->picks, x->exclude, h, &ret->newest, err);
	hash_final(h, digest);
	hash_free(h);
	if (!r)
		ret->digest = xstrdup(digest);
	return r;
}

static int run_copy(struct worker *x, const struct work *w, struct error *err)
{
	autocall(copier_freep) struct copier *c = NULL;
	int r = copier_new(&w->lower, w->upper, &x->opt, &c, err);

	for (size_t i = 0; !r && i < x->picks.n; i++)
		r = copier_copy(c, &x->src, &x->picks.v[i], w->dest, err);
	return r;
}

int work_run(const struct work *w, struct work_answer *ret, struct error *err)
{
	struct worker x = { 0 };
	int r = set_up(&x, w, err);

	if (!r && streq(w->op, WORK_DIGEST))
		r = run_digest(&x, ret, err);
	else if (!r && w->upper && w->dest)
		r = run_copy(&x, w, err);
	else if (!r)
		r = error_set(err, ERR_INVALID, "a job without a destination");
	worker_done(&x);
	return r;
}
