/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/walk.h"

#include "util/vec.h"

/* What each list of patterns said of a directory. */
struct verdicts {
	bool *ignored, *include, *exclude;
};

struct level {
	struct walk_entry e;
	bool entered;
};

struct walker {
	const struct walk_filter *f;
	const struct walk_visitor *v;
	struct buf path; /* from where the walk began */
	struct buf full; /* from the root of the tree */
	VEC(struct level) levels;
	struct error *err;
};

static bool ask(const struct ignore *ig, const char *path, const bool *above, bool **self)
{
	if (!ig)
		return false;
	*self = xnewn(bool, ignore_count(ig) + 1);
	return ignore_match_below(ig, path, above, *self);
}

static void verdicts_done(struct verdicts *v)
{
	free(v->ignored);
	free(v->include);
	free(v->exclude);
}

static bool judge(struct walker *w, const struct verdicts *above, struct verdicts *self)
{
	const struct walk_filter *f = w->f;
	bool ignored = ask(f->ignored, w->full.p, above->ignored, &self->ignored);
	bool included = ask(f->include, w->path.p, above->include, &self->include);
	bool excluded = ask(f->exclude, w->path.p, above->exclude, &self->exclude);

	return !ignored && (included || !f->include) && !excluded;
}

/* May something below a directory that is not taken be taken? */
static bool may_hold(const struct walk_filter *f)
{
	return f->include || (f->ignored && ignore_has_exceptions(f->ignored)) ||
	       (f->exclude && ignore_has_exceptions(f->exclude));
}

static int enter_pending(struct walker *w)
{
	vec_foreach (l, &w->levels) {
		int r = l->entered ? 0 : w->v->enter(w->v->userdata, &l->e, w->err);

		if (r < 0)
			return r;
		l->entered = true;
	}
	return 0;
}

static int walk_dir(struct walker *w, const struct tree_dir *dir, const struct verdicts *above);

static int walk_sub(struct walker *w, const struct walk_entry *e, bool taken,
		    const struct verdicts *self)
{
	struct tree_dir sub;
	struct level *l;
	bool entered;
	int r;

	if (!taken && !may_hold(w->f))
		return 0;
	if (w->levels.n >= LIMIT_TREE_DEPTH)
		return error_set(w->err, ERR_LIMIT, "%s: more than %d directories in each other",
				 w->full.p, LIMIT_TREE_DEPTH);
	r = tree_dir_enter(e->dir, e->name, &sub, w->err);
	if (r < 0)
		return error_wrap(w->err, "%s", w->full.p);
	l = vec_add(&w->levels);
	l->e = *e;
	r = taken ? enter_pending(w) : 0;
	if (!r)
		r = walk_dir(w, &sub, self);
	tree_dir_done(&sub);
	entered = w->levels.v[--w->levels.n].entered;
	if (!r && entered) {
		struct walk_entry again = *e;

		again.path = w->path.p;
		r = w->v->leave(w->v->userdata, &again, w->err);
	}
	return r;
}

static int walk_one(struct walker *w, const struct tree_dir *dir, const char *name,
		    const struct verdicts *above)
{
	struct walk_entry e = { .dir = dir, .name = name };
	struct verdicts self = { 0 };
	autofree char *path = NULL;
	bool taken;
	int r;

	if (w->f->left && !(*w->f->left)--)
		return -ERR_LIMIT;
	taken = judge(w, above, &self);
	r = tree_dir_stat(dir, name, &e.st, &e.at, w->err);
	path = xstrdup(w->path.p); /* levels keep it while the buffer grows */
	e.path = path;
	if (r > 0 && S_ISDIR(e.st.st_mode)) {
		r = walk_sub(w, &e, taken, &self);
	} else if (r > 0 && taken) {
		r = enter_pending(w);
		if (!r)
			r = w->v->entry(w->v->userdata, &e, w->err);
	}
	verdicts_done(&self);
	return r < 0 ? r : 0;
}

static void push(struct buf *b, const char *name)
{
	if (b->len)
		buf_addc(b, '/');
	buf_adds(b, name);
}

static int walk_dir(struct walker *w, const struct tree_dir *dir, const struct verdicts *above)
{
	autostrv names = { 0 };
	size_t path = w->path.len, full = w->full.len;
	int r = tree_dir_list(dir, &names, w->err);

	for (size_t i = 0; !r && i < names.n; i++) {
		push(&w->path, names.v[i]);
		push(&w->full, names.v[i]);
		r = walk_one(w, dir, names.v[i], above);
		buf_truncate(&w->path, path);
		buf_truncate(&w->full, full);
	}
	return r;
}

int walk_tree(const struct tree_dir *dir, const char *below, const struct walk_filter *filter,
	      const struct walk_visitor *v, struct error *err)
{
	struct walker w = { .f = filter, .v = v, .err = err };
	struct verdicts top = { 0 };
	int r;

	buf_init(&w.path, BUF_MAX_ANY);
	buf_init(&w.full, BUF_MAX_ANY);
	while (*below == '/')
		below++;
	buf_adds(&w.full, below);
	if (*below)
		ask(filter->ignored, below, NULL, &top.ignored);
	r = walk_dir(&w, dir, &top);
	verdicts_done(&top);
	buf_done(&w.path);
	buf_done(&w.full);
	vec_done(&w.levels);
	return r;
}
