/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache-import.h"
#include "builder/set.h"
#include "builder/step.h"

#include "util/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct step *step_new(struct stage_run *run, const struct inst *in)
{
	struct step *s = xnew(struct step);

	s->run = run;
	s->in = in;
	s->started = time_monotonic();
	s->newest = INT64_MAX;
	buf_init(&s->tail, LIMIT_BUILD_TAIL);
	run->step = s;
	return s;
}

void step_drop(struct step *s)
{
	s->run->step = NULL;
	step_free(s);
}

void step_free(struct step *s)
{
	struct store *store = s->run->build->store;

	if (s->release)
		s->release(s);
	if (s->task)
		s->task = task_unref(s->task);
	if (s->has_slot)
		build_slot_free(s->run->build);
	if (s->upper)
		store_layer_unstage(store, s->upper, NULL);
	free(s->upper);
	free(s->history);
	buf_done(&s->tail);
	strv_done(&s->stubs);
	strv_done(&s->staged);
	strv_done(&s->files);
	vec_done(&s->locks);
	free(s);
}

/* ---- cache ---- */

/* A layer is as old as the newest thing that it was made from: when it was made says nothing about
 * it, and would make it another one each time. */
static int64_t created_of(const struct step *s)
{
	const struct build *b = s->run->build;

	return b->epoch >= 0 ? b->epoch : MAX(s->run->newest, 0);
}

static void note_made(struct step *s, int64_t created)
{
	struct cache_record *r = vec_add(&s->run->made);

	*r = (struct cache_record){ .created = created };
	memcpy(r->key, s->key, sizeof(r->key));
	memcpy(r->diff_id, s->diff_id, sizeof(r->diff_id));
}

static int remember(struct step *s, int64_t created, struct error *err)
{
	struct store *store = s->run->build->store;
	struct cache_entry e = { .created = created };
	int r;

	memcpy(e.diff_id, s->diff_id, sizeof(e.diff_id));
	note_made(s, created);
	if (s->run->build->set->again)
		return 0;
	r = cache_put(store, s->key, &e, err);
	build_made(s->run->build, s->key);
	if (!r && s->short_key[0]) {
		struct cache_entry alias = { .created = created };

		build_made(s->run->build, s->short_key);
		memcpy(alias.alias, s->key, sizeof(alias.alias));
		r = cache_put(store, s->short_key, &alias, err);
	}
	return r;
}

int step_cached(struct step *s, struct error *err)
{
	struct stage_run *run = s->run;
	struct cache_entry e;
	int r;

	if (!build_may_take(run->build, s->key))
		return 0;
	r = cache_get(run->build->store, s->key, &e, err);
	if (r <= 0)
		return r;
	memcpy(s->diff_id, e.diff_id, sizeof(s->diff_id));
	if (s->short_key[0])
		r = remember(s, e.created, err);
	else
		note_made(s, e.created);
	if (r < 0)
		return r;
	stage_add_layer(run, s->diff_id, e.created, s->history);
	build_event(run->build, run, BUILD_STEP_CACHED, s->in->line->text);
	return 1;
}

/* ---- making ---- */

static int stage_upper(struct step *s, struct error *err)
{
	autocall(tree_freep) struct tree *lower = NULL;
	struct place root = PLACE_INIT;
	int r = store_layer_stage(s->run->build->store, &s->upper, err);

	if (!r)
		r = tree_open(&s->run->rootfs.dirs, &lower, err);
	if (!r)
		r = place_root(lower, s->upper, &root, err);
	place_done(&root);
	return r;
}

static int fail(struct step *s, struct error *err)
{
	build_event(s->run->build, s->run, BUILD_STEP_FAILED, s->in->line->text);
	inst_error_at(s->in, NULL, err);
	return -(int)err->code;
}

static int begin(struct step *s, struct error *err)
{
	int r;

	s->imported = true;
	s->started = time_monotonic();
	r = stage_upper(s, err);
	if (!r)
		r = s->make(s, err);
	if (r < 0)
		return fail(s, err);
	if (!r)
		step_made(s, 0, NULL);
	return 1;
}

/* The layer came from a cache elsewhere; where it could not, the step is made. */
static void on_import(struct task *t, int r, void *userdata)
{
	struct step *s = userdata;
	struct build *b = s->run->build;
	struct error err = ERROR_INIT;

	s->task = task_unref(s->task);
	if (b->failed) {
		build_kick(b);
		return;
	}
	if (r < 0) {
		if (begin(s, &err) < 0)
			build_fail(b, &err);
		return;
	}
	memcpy(s->diff_id, s->found.diff_id, sizeof(s->diff_id));
	if (remember(s, s->found.created, &err) < 0) {
		fail(s, &err);
		build_fail(b, &err);
		return;
	}
	stage_add_layer(s->run, s->diff_id, s->found.created, s->history);
	build_event(b, s->run, BUILD_STEP_CACHED, s->in->line->text);
	step_end(s);
}

int step_start(struct step *s, struct error *err)
{
	s->run->state = STAGE_STEP;
	if (import_pending(s->run->build)) {
		build_queue(s->run->build, s->run);
		return 1;
	}
	if (!s->has_slot) {
		s->has_slot = build_slot(s->run->build, s->run);
		if (!s->has_slot)
			return 1;
	}
	s->task = s->imported ? NULL : import_step(s, &s->found);
	if (!s->task)
		return begin(s, err);
	task_on_done(s->task, on_import, s);
	return 1;
}

/* The step has ended: the stage goes on. */
void step_end(struct step *s)
{
	struct stage_run *run = s->run;

	run->step = NULL;
	run->state = STAGE_WORK;
	run->next++;
	step_free(s);
	build_kick(run->build);
}

static void finish(struct step *s)
{
	struct stage_run *run = s->run;
	struct error err = ERROR_INIT;
	int64_t created = created_of(s);

	if (remember(s, created, &err) < 0) {
		fail(s, &err);
		build_fail(run->build, &err);
		return;
	}
	stage_add_layer(run, s->diff_id, created, s->history);
	build_event(run->build, run, BUILD_STEP_DONE, s->in->line->text);
	step_end(s);
}

static void adopted(struct task *t, int r, void *userdata)
{
	struct step *s = userdata;
	struct error err = t->err;

	s->task = task_unref(s->task);
	if (r >= 0) {
		freep(&s->upper);
		finish(s);
		return;
	}
	fail(s, &err);
	build_fail(s->run->build, &err);
	build_kick(s->run->build);
}

static bool is_empty_dir(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	bool empty = d;

	while (d && empty && (e = readdir(d)))
		empty = streq(e->d_name, ".") || streq(e->d_name, "..");
	if (d)
		closedir(d);
	return empty;
}

/* Nothing in it, and the root directory is as it was. */
static bool changed_nothing(const struct step *s)
{
	const struct strv *dirs = &s->run->rootfs.dirs;
	struct stat now, before = { .st_mode = S_IFDIR | 0755 };

	if (!is_empty_dir(s->upper) || stat(s->upper, &now) < 0)
		return false;
	if (dirs->n && stat(dirs->v[dirs->n - 1], &before) < 0)
		return false;
	return now.st_mode == before.st_mode && now.st_uid == before.st_uid &&
	       now.st_gid == before.st_gid;
}

/* No time in a layer is later than this (s). What RUN writes is not older than any file that it
 * found, so that nobody who compares times makes it anew. */
static int64_t newest_second(const struct step *s)
{
	const struct build *b = s->run->build;
	int64_t t = s->newest;

	if (b->epoch >= 0)
		t = b->epoch;
	else if (t == INT64_MAX)
		t = MAX(s->run->newest, 0) + NSEC_PER_SEC - 1;
	return MAX(t, 0) / NSEC_PER_SEC;
}

void step_made(struct step *s, int r, const struct error *err)
{
	struct build *b = s->run->build;
	struct error e = err ? *err : ERROR_INIT;

	if (r < 0) {
		fail(s, &e);
		build_fail(b, &e);
	}
	if (b->failed) {
		build_kick(b);
		return;
	}
	if (changed_nothing(s)) {
		s->diff_id[0] = 0;
		finish(s);
		return;
	}
	s->task = store_layer_adopt(b->store, b->task.loop, s->upper, newest_second(s), s->diff_id,
				    &s->size);
	task_on_done(s->task, adopted, s);
}
