/* SPDX-License-Identifier: Apache-2.0 */
/* A COPY of much: its digest and the copy itself are made by compose-add, while the loop turns. */
#include "builder/add/work.h"
#include "builder/aide.h"
#include "builder/files.h"
#include "builder/walk.h"

#include <stdio.h>

/* Less than this is done sooner than a process starts. */
#define LIGHT_ENTRIES 500
#define LIGHT_BYTES   (8u << 20)

struct weigher {
	uint64_t entries, bytes;
	uint64_t left; /* entries that may be looked at, the ignored ones too */
};

static int weigh(void *userdata, const struct walk_entry *e, struct error *err)
{
	struct weigher *w = userdata;

	w->entries++;
	w->bytes += S_ISREG(e->st.st_mode) ? (uint64_t)e->st.st_size : 0;
	return w->entries > LIGHT_ENTRIES || w->bytes > LIGHT_BYTES ? -ERR_LIMIT : 0;
}

static int pass(void *userdata, const struct walk_entry *e, struct error *err)
{
	return 0;
}

static bool weigh_dir(const struct copy_job *j, const struct copy_source *src,
		      const struct copy_pick *p, struct weigher *w)
{
	const struct walk_filter filter = {
		.ignored = src->ignored,
		.include = p->include,
		.exclude = j->exclude,
		.left = &w->left,
	};
	const struct walk_visitor v = {
		.enter = weigh, .leave = pass, .entry = weigh, .userdata = w
	};
	autotreedir dir = { 0 };

	return !tree_enter(src->tree, p->path, &dir, NULL) &&
	       walk_tree(&dir, p->path, &filter, &v, NULL) == -ERR_LIMIT;
}

bool heavy_is(const struct copy_job *j, const struct copy_part *part)
{
	struct weigher w = { .left = LIGHT_ENTRIES * 4 };
	bool heavy = false;

	vec_foreach (p, &part->picks) {
		if (!utf8_valid(str_of(p->path)) || !utf8_valid(str_of(p->base)))
			return false; /* such names are not for JSON */
		if (S_ISDIR(p->st.st_mode))
			heavy = heavy || weigh_dir(j, &part->source, p, &w);
		else
			w.bytes += (uint64_t)p->st.st_size;
		heavy = heavy || w.bytes > LIGHT_BYTES;
	}
	return heavy;
}

static json_t *describe(const struct step *s, const char *op)
{
	const struct copy_job *j = s->copy;
	const struct copy_part *part = &j->parts.v[j->part];
	const struct ignore *ignored = part->source.ignored;
	struct work w = {
		.op = (char *)(uintptr_t)op,
		.own = part->source.own,
		.has_ignored = ignored,
		.has_exclude = j->exclude,
		.uid = j->opt.uid,
		.gid = j->opt.gid,
		.source = part->dirs,
		.dest = j->dest,
		.chmod = j->chmod_text && *j->chmod_text ? j->chmod_text : NULL,
	};
	json_t *job;

	if (streq(op, WORK_COPY)) {
		w.lower = j->lower;
		w.upper = s->upper;
	}
	if (ignored)
		w.ignored = *ignore_patterns(ignored);
	if (j->exclude)
		w.exclude = *ignore_patterns(j->exclude);
	vec_foreach (p, &part->picks) {
		struct work_pick *x = vec_add(&w.picks);

		x->path = p->path;
		x->base = p->base;
		if (p->include)
			x->include = *ignore_patterns(p->include);
	}
	job = json_encode(work_fields, &w);
	vec_done(&w.picks);
	return job;
}

static void ask(struct step *s, const char *op, task_done_fn done)
{
	json_decref(s->copy->answer);
	s->copy->answer = NULL;
	s->run->state = STAGE_STEP;
	s->task = aide_start(s->run->build->task.loop, "compose-add", describe(s, op), -1,
			     &s->copy->answer);
	task_on_done(s->task, done, s);
}

static void digested(struct task *t, int r, void *userdata)
{
	struct step *s = userdata;
	struct copy_job *j = s->copy;
	struct copy_part *p = &j->parts.v[j->part];
	struct error err = t->err;

	s->task = task_unref(s->task);
	if (r >= 0) {
		snprintf(p->digest, sizeof(p->digest), "%s", json_str(j->answer, "digest") ?: "");
		s->newest = MAX(s->newest, json_i64(j->answer, "newest", INT64_MIN));
	}
	copy_digested(s, r, &err);
}

void heavy_digest(struct step *s)
{
	ask(s, WORK_DIGEST, digested);
}

static void copied(struct task *t, int r, void *userdata)
{
	struct step *s = userdata;
	struct error err = t->err;

	s->task = task_unref(s->task);
	copy_went(s, r, &err);
}

void heavy_copy(struct step *s)
{
	ask(s, WORK_COPY, copied);
}
