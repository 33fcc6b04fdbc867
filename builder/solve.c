/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache-import.h"
#include "builder/input.h"
#include "builder/lint.h"
#include "builder/mounts.h"
#include "builder/set.h"
#include "builder/step.h"

#include "event/loop.h"
#include "registry/platform.h"
#include "util/io.h"
#include "util/num.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* ---- root filesystems ---- */

void rootfs_done(struct rootfs *r)
{
	strv_done(&r->diff_ids);
	strv_done(&r->dirs);
	r->chain[0] = 0;
}

void rootfs_copy(struct rootfs *to, const struct rootfs *from)
{
	strv_copy(&to->diff_ids, &from->diff_ids);
	strv_copy(&to->dirs, &from->dirs);
	memcpy(to->chain, from->chain, sizeof(to->chain));
}

void rootfs_push(struct rootfs *r, struct store *s, const char *diff_id)
{
	struct cache_key k;

	key_begin(&k, "chain");
	key_text(&k, r->chain);
	key_text(&k, diff_id);
	key_end(&k, r->chain);
	strv_push(&r->diff_ids, diff_id);
	strv_take(&r->dirs, store_layer_path(s, diff_id));
}

/* ---- what is said ---- */

static void send(struct build *b, const struct build_event *ev)
{
	if (b->opt->event)
		b->opt->event(b->opt->userdata, ev);
}

void build_event(struct build *b, const struct stage_run *run, enum build_event_type type,
		 const char *text)
{
	struct build_event ev = { .type = type, .text = text };

	if (run) {
		ev.step = run->n_step;
		ev.total = run->n_steps;
		ev.stage = run->stage->name;
		if (run->step && type != BUILD_STEP_START)
			ev.elapsed = time_monotonic() - run->step->started;
	}
	send(b, &ev);
}

/* ---- the end ---- */

static void cancel_all(struct build *b)
{
	vec_foreach (run, &b->runs)
		if (*run && (*run)->step && (*run)->step->task)
			task_cancel((*run)->step->task);
	vec_foreach (base, &b->bases)
		if ((*base)->task)
			task_cancel((*base)->task);
	vec_foreach (in, &b->inputs)
		if ((*in)->task)
			task_cancel((*in)->task);
	b->queue.n = 0;
}

int build_fail(struct build *b, const struct error *err)
{
	if (!b->failed) {
		b->failed = true;
		b->err = *err;
		cancel_all(b);
		build_kick(b);
	}
	return -(int)err->code;
}

static bool is_busy(const struct build *b)
{
	vec_foreach (run, &b->runs)
		if (*run && (*run)->step && ((*run)->step->task || (*run)->step->retry))
			return true;
	vec_foreach (base, &b->bases)
		if ((*base)->task)
			return true;
	vec_foreach (in, &b->inputs)
		if ((*in)->task)
			return true;
	return false;
}

static void build_cancel(struct task *t)
{
	struct build *b = container_of(t, struct build, task);
	struct error err = ERROR_INIT;

	error_set(&err, ERR_CANCELLED, "the build was cancelled");
	build_fail(b, &err);
}

static void build_free(struct task *t)
{
	struct build *b = container_of(t, struct build, task);

	source_unrefp(&b->kick);
	vec_foreach (run, &b->runs)
		stage_run_free(*run);
	vec_done(&b->runs);
	vec_foreach (base, &b->bases)
		base_free(*base);
	vec_done(&b->bases);
	vec_foreach (in, &b->inputs)
		input_free(*in);
	vec_done(&b->inputs);
	vec_done(&b->queue);
	slots_forget(&b->slot);
	graph_done(&b->graph);
	tree_free(b->context);
	ignore_free(b->ignored);
	map_done(&b->args);
	http_client_free(b->http);
	free(b->dockerfile);
	free(b->dockerfile_path);
	free(b);
}

static const struct task_ops build_ops = { "build", build_cancel, build_free };

/* ---- the cache ---- */

bool build_may_take(const struct build *b, const char *key)
{
	return !b->set->again && (!b->opt->no_cache || map_has(&b->set->made, key));
}

void build_made(struct build *b, const char *key)
{
	map_set(&b->set->made, key, NULL);
}

/* ---- slots ---- */

void build_queue(struct build *b, struct stage_run *run)
{
	*vec_add(&b->queue) = run;
}

bool build_slot(struct build *b, struct stage_run *run)
{
	if (slots_take(b->set->slots, &b->slot))
		return true;
	build_queue(b, run);
	return false;
}

void build_slot_free(struct build *b)
{
	slots_give(b->set->slots);
	build_kick(b);
}

/* Until one finds that there is none, and is in the queue again. */
static void give_slots(struct build *b)
{
	for (size_t n = b->queue.n; n && !b->failed && !import_loading(b->set->import); n--) {
		struct stage_run *run = b->queue.v[0];
		struct error err = ERROR_INIT;

		vec_remove(&b->queue, 0);
		if (run->step && step_start(run->step, &err) < 0)
			build_fail(b, &err);
		if (b->queue.n && b->queue.v[b->queue.n - 1] == run)
			return;
	}
}

static void slot_is_free(void *userdata)
{
	build_kick(userdata);
}

/* ---- turning ---- */

struct stage_run *build_run_of(struct build *b, const struct stage *s)
{
	struct stage_run **slot = &b->runs.v[s->index];

	if (!*slot) {
		*slot = xnew(struct stage_run);
		(*slot)->build = b;
		(*slot)->stage = b->graph.stages.v[s->index];
		(*slot)->created = (*slot)->newest = INT64_MIN;
	}
	return *slot;
}

static void finish(struct build *b)
{
	struct error err = ERROR_INIT;
	int r;

	if (b->opt->check) {
		lint_args(b);
		r = lint_verdict(b, &err);
	} else {
		r = image_finish(b, build_run_of(b, b->target), &err);
	}
	task_end_with(&b->task, r, &err);
}

static int load(struct build *b, struct error *err);

static void load_late(struct build *b)
{
	struct error err = ERROR_INIT;
	int r = context_load(b, &err);

	if (r > 0)
		r = load(b, &err);
	if (r < 0)
		build_fail(b, &err);
}

static void turn(void *userdata)
{
	struct build *b = userdata;

	source_unrefp(&b->kick);
	if (b->task.ended)
		return;
	if (!b->loaded && !b->failed)
		load_late(b);
	for (size_t i = 0; !b->failed && i < b->graph.stages.n; i++)
		if (b->graph.stages.v[i]->needed)
			stage_advance(build_run_of(b, b->graph.stages.v[i]));
	give_slots(b);
	if (is_busy(b))
		return;
	if (b->failed)
		task_fail(&b->task, &b->err);
	else if (b->loaded && build_run_of(b, b->target)->state == STAGE_DONE)
		finish(b);
}

void build_kick(struct build *b)
{
	struct error err = ERROR_INIT;

	if (b->kick || b->task.ended)
		return;
	if (loop_after(b->task.loop, 0, turn, b, &b->kick, &err) < 0)
		task_fail(&b->task, &err);
}

/* ---- the beginning ---- */

static void predefine(struct map *args, const struct platform *build, const struct platform *target,
		      const char *stage)
{
	char text[100];

	strmap_set(args, "BUILDPLATFORM", platform_text(build, text));
	strmap_set(args, "BUILDOS", build->os);
	strmap_set(args, "BUILDOSVERSION", "");
	strmap_set(args, "BUILDARCH", build->arch);
	strmap_set(args, "BUILDVARIANT", build->variant);
	strmap_set(args, "TARGETPLATFORM", platform_text(target, text));
	strmap_set(args, "TARGETOS", target->os);
	strmap_set(args, "TARGETOSVERSION", "");
	strmap_set(args, "TARGETARCH", target->arch);
	strmap_set(args, "TARGETVARIANT", target->variant);
	strmap_set(args, "TARGETSTAGE", stage && *stage ? stage : "default");
}

static const char *from_environ(const struct build *b, const char *name)
{
	return b->opt->environ ? strmap_get(b->opt->environ, name) : getenv(name);
}

static void take_args(struct build *b)
{
	const char *epoch = from_environ(b, "SOURCE_DATE_EPOCH");

	if (epoch && *epoch)
		strmap_set(&b->args, "SOURCE_DATE_EPOCH", epoch);
	map_foreach (a, &b->opt->args) {
		const char *value = a->value ? a->value : from_environ(b, a->key);

		if (value)
			strmap_set(&b->args, a->key, value);
	}
}

static int take_epoch(struct build *b, struct error *err)
{
	const char *text = strmap_get(&b->args, "SOURCE_DATE_EPOCH");
	int64_t seconds;

	if (!text)
		text = strmap_get(&b->graph.args, "SOURCE_DATE_EPOCH");
	b->epoch = -1;
	if (!text || !*text)
		return 0;
	if (num_parse_i64(str_of(text), 0, INT64_MAX / NSEC_PER_SEC, &seconds) < 0)
		return error_set(err, ERR_INVALID,
				 "SOURCE_DATE_EPOCH=%s: it must be a number of seconds since 1970",
				 text);
	b->epoch = seconds * NSEC_PER_SEC;
	return 0;
}

static int take_platforms(struct build *b, struct map *predefined, struct error *err)
{
	struct platform native;
	int r = 0;

	platform_native(&native);
	/* As the field names them: these variants are what is meant without one. */
	if (streq(native.arch, "amd64") || streq(native.arch, "arm64"))
		native.variant[0] = 0;
	b->platform = native;
	if (b->opt->platform)
		r = platform_parse(b->opt->platform, &b->platform, err);
	predefine(predefined, &native, &b->platform, b->opt->target);
	map_foreach (p, predefined)
		if (strmap_get(&b->args, p->key))
			strmap_set(predefined, p->key, strmap_get(&b->args, p->key));
	return r;
}

/* A stage that an additional context has the name of is that context. */
static void replace_stages(struct build *b)
{
	vec_foreach (s, &b->graph.stages)
		if ((*s)->name && context_named(b, (*s)->name))
			graph_replace(*s);
}

/* The context is here. */
static int load(struct build *b, struct error *err)
{
	automap predefined = { 0 };
	autobuf text = { 0 };
	int r = take_platforms(b, &predefined, err);

	b->loaded = true;
	if (!r)
		r = context_dockerfile(b, &text, err);
	if (!r)
		r = graph_load(b->dockerfile, buf_str(&text), &predefined, &b->args, &b->graph,
			       err);
	if (!r && !(b->opt->target && *b->opt->target) &&
	    b->graph.stages.v[b->graph.stages.n - 1]->name)
		strmap_set(&b->graph.args, "TARGETSTAGE",
			   b->graph.stages.v[b->graph.stages.n - 1]->name);
	if (!r)
		r = take_epoch(b, err);
	if (!r)
		r = lint_begin(b, err);
	if (!r)
		lint_graph(b);
	if (!r)
		replace_stages(b);
	if (!r)
		r = graph_target(&b->graph, b->opt->target, &b->target, err);
	for (size_t i = 0; !r && i < b->graph.stages.n; i++)
		*vec_add(&b->runs) = NULL;
	return r;
}

/* 1: all that load() needs is here. */
static int prepare(struct build *b, struct error *err)
{
	int r = cache_open(b->store, err);

	take_args(b);
	mounts_sweep();
	if (!r)
		r = source_http_open(b->store, err);
	return r < 0 ? r : context_load(b, err);
}

struct task *build_one(struct build_set *set, const struct build_options *opt,
		       char ret_id[DIGEST_MAX])
{
	struct build *b = xnew(struct build);
	struct error err = ERROR_INIT;
	int r;

	task_init(&b->task, &build_ops, set->task.loop);
	b->set = set;
	b->opt = opt;
	b->store = set->store;
	b->runner = set->runner;
	b->ret_id = ret_id;
	b->slot = (struct slots_waiter){ .turn = slot_is_free, .userdata = b };
	r = prepare(b, &err);
	if (r > 0)
		r = load(b, &err);
	if (r < 0)
		task_fail(&b->task, &err);
	else
		build_kick(b);
	return &b->task;
}

void build_options_done(struct build_options *opt)
{
	char **texts[] = { &opt->context,  &opt->dockerfile, &opt->dockerfile_inline, &opt->target,
			   &opt->platform, &opt->network,    &opt->provenance,	      &opt->sbom };
	struct map *maps[] = { &opt->args, &opt->labels, &opt->contexts, &opt->ssh };
	struct strv *lists[] = { &opt->tags,	 &opt->platforms,   &opt->cache_from,
				 &opt->cache_to, &opt->extra_hosts, &opt->entitlements };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		freep(texts[i]);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		map_done(maps[i]);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		strv_done(lists[i]);
	vec_foreach (s, &opt->secrets) {
		free(s->id);
		free(s->file);
		free(s->env);
	}
	vec_done(&opt->secrets);
	vec_foreach (u, &opt->ulimits)
		free(u->name);
	vec_done(&opt->ulimits);
}
