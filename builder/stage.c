/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step.h"

#include "builder/expand.h"
#include "builder/input.h"
#include "builder/lint.h"
#include "util/path.h"

#include <stdio.h>

void stage_run_free(struct stage_run *run)
{
	if (!run)
		return;
	if (run->step)
		step_free(run->step);
	image_config_done(&run->cfg);
	rootfs_done(&run->rootfs);
	map_done(&run->env);
	map_done(&run->args);
	cache_records_done(&run->made);
	free(run);
}

int stage_expand(struct stage_run *run, const struct inst *in, const char *text, char **ret,
		 struct error *err)
{
	autostrv unset = { 0 };
	int r = expand_word(text, in->df->escape, 0, &run->env, &unset, ret, err);

	if (r < 0)
		return inst_error_at(in, text, err);
	strv_uniq(&unset);
	lint_unset(run, in, &unset);
	return 0;
}

char *stage_path(const struct stage_run *run, const char *path)
{
	const char *wd = run->cfg.config.working_dir;
	autofree char *clean = path_absolute(wd && *wd ? wd : "/", *path ? path : ".");
	bool dir = !*path || streq(path, ".") || ends_with(path, "/") || ends_with(path, "/.");

	return xprintf("%s%s", clean, dir && clean[1] ? "/" : "");
}

/* ---- history ---- */

void stage_add_history(struct stage_run *run, const char *text, bool empty)
{
	struct image_history *h = vec_add(&run->cfg.history);

	h->created_by = xstrdup(text);
	h->comment = xstrdup("compose.dockerfile");
	h->empty_layer = empty;
}

static void set_created(struct stage_run *run, int64_t created)
{
	struct image_history *h = &run->cfg.history.v[run->cfg.history.n - 1];
	char text[TIME_TEXT_MAX];

	h->created = xstrdup(
		time_format(run->build->epoch >= 0 ? run->build->epoch : created, text));
}

void stage_add_layer(struct stage_run *run, const char *diff_id, int64_t created,
		     const char *history)
{
	if (*diff_id) {
		rootfs_push(&run->rootfs, run->build->store, diff_id);
		strv_push(&run->cfg.diff_ids, diff_id);
	}
	stage_add_history(run, history, !*diff_id);
	set_created(run, created);
	run->created = MAX(run->created, created);
	if (run->build->epoch < 0)
		run->newest = MAX(run->newest, created);
}

void stage_step_begin(struct stage_run *run, const struct inst *in)
{
	run->n_step++;
	build_event(run->build, run, BUILD_STEP_START, in->line->text);
}

/* ---- the base ---- */

static void take_env(struct stage_run *run)
{
	if (!strv_env(&run->cfg.config.env, "PATH"))
		strv_push(&run->cfg.config.env, BUILD_DEFAULT_PATH);
	strv_foreach (e, &run->cfg.config.env) {
		const char *eq = strchr(e, '=');
		autofree char *name = eq ? xstrndup(e, (size_t)(eq - e)) : xstrdup(e);

		strmap_set(&run->env, name, eq ? eq + 1 : "");
	}
}

static void from_stage(struct stage_run *run, const struct stage_run *parent)
{
	image_config_copy(&run->cfg, &parent->cfg);
	rootfs_copy(&run->rootfs, &parent->rootfs);
	strmap_copy(&run->env, &parent->env);
	strmap_copy(&run->args, &parent->args);
	run->created = parent->created;
	run->newest = parent->newest;
	run->workdir_set = parent->workdir_set;
}

static int from_scratch(struct stage_run *run, struct error *err)
{
	struct platform p = run->build->platform;
	int r = run->stage->platform ? platform_parse(run->stage->platform, &p, err) : 0;

	if (r < 0)
		return inst_error_at(&run->stage->from, NULL, err);
	run->cfg.os = xstrdup(p.os);
	run->cfg.architecture = xstrdup(p.arch);
	if (p.variant[0])
		run->cfg.variant = xstrdup(p.variant);
	take_env(run);
	return 1;
}

static void from_image(struct stage_run *run, const struct base *base)
{
	image_config_copy(&run->cfg, &base->config);
	rootfs_copy(&run->rootfs, &base->rootfs);
	freep(&run->cfg.created);
	if (base->config.created)
		time_parse(base->config.created, &run->created, NULL);
	run->newest = run->created;
	take_env(run);
	run->n_step++;
	build_event(run->build, run, BUILD_STEP_START, run->stage->from.line->text);
	build_event(run->build, run, BUILD_STEP_CACHED, run->stage->from.line->text);
}

/* What an additional context puts in the place of an image, or NULL. */
static const char *named_context(const struct stage_run *run)
{
	const struct stage *s = run->stage;
	const char *ctx = s->name ? context_named(run->build, s->name) : NULL;

	return ctx || s->parent ? ctx : context_named(run->build, s->base);
}

/* A context of files is a root filesystem without a config. A directory is copied: what is in it
 * must become a layer. */
static int from_files(struct stage_run *run, const char *ctx, struct error *err)
{
	autostrv copy = { 0 };
	struct input *in;
	int r = build_input(run->build, ctx, true, &in, err);

	if (r <= 0)
		return r;
	r = from_scratch(run, err);
	if (r < 0)
		return r;
	if (in->rootfs.chain[0]) {
		rootfs_copy(&run->rootfs, &in->rootfs);
		strv_copy(&run->cfg.diff_ids, &in->rootfs.diff_ids);
		return 1;
	}
	strv_pushf(&copy, "COPY --from=%s / /",
		   run->stage->name && context_named(run->build, run->stage->name)
			   ? run->stage->name
			   : run->stage->base);
	r = graph_add_triggers(&run->build->graph, run->stage, &copy, err);
	return r < 0 ? r : 1;
}

static int from_reference(struct stage_run *run, const char *ref, struct error *err)
{
	const struct build *b = run->build;
	const char *platform = run->stage->platform;
	char text[100];
	struct base *base;
	int r;

	if (!platform)
		platform = platform_text(&b->platform, text);
	r = build_base(run->build, ref, platform, &base, err);
	if (r > 0) {
		lint_base(run, platform, base);
		from_image(run, base);
	}
	return r;
}

/* 1: taken over, 0: not yet. */
static int take_base(struct stage_run *run, struct error *err)
{
	struct stage *s = run->stage;
	const char *ctx = named_context(run);
	const char *image = ctx ? context_image(ctx) : s->base;
	int r;

	if (!ctx && s->parent) {
		struct stage_run *parent = build_run_of(run->build, s->parent);

		if (parent->state != STAGE_DONE)
			return 0;
		from_stage(run, parent);
		return 1;
	}
	if (image && streq(image, "scratch"))
		return from_scratch(run, err);
	r = image ? from_reference(run, image, err) : from_files(run, ctx, err);
	return r < 0 ? inst_error_at(&s->from, NULL, err) : r;
}

static int start(struct stage_run *run, struct error *err)
{
	autostrv triggers = { 0 };
	int r;

	run->n_steps = stage_steps(run->stage);
	r = take_base(run, err);
	if (r <= 0)
		return r;
	triggers = run->cfg.config.on_build;
	run->cfg.config.on_build = (struct strv){ 0 };
	r = triggers.n ? graph_add_triggers(&run->build->graph, run->stage, &triggers, err) : 0;
	if (r < 0)
		return r;
	if (triggers.n) {
		run->n_steps = stage_steps(run->stage);
		build_kick(run->build); /* stages that nobody needed before may be needed now */
	}
	run->state = STAGE_WORK;
	return 1;
}

/* ---- instructions ---- */

/* For its warnings alone. */
static int check(struct stage_run *run, const struct inst *in, struct error *err)
{
	switch (in->kind) {
	case INST_COPY:
	case INST_ADD:
		return files_check(run, in, err);
	case INST_WORKDIR:
		return workdir_take(run, in, err);
	case INST_RUN:
		return 0;
	default:
		return meta_apply(run, in, err);
	}
}

static int execute(struct stage_run *run, const struct inst *in, struct error *err)
{
	if (run->build->opt->check)
		return check(run, in, err);
	switch (in->kind) {
	case INST_COPY:
	case INST_ADD:
		return files_copy(run, in, err);
	case INST_WORKDIR:
		return files_workdir(run, in, err);
	case INST_RUN:
		return run_step(run, in, err);
	default:
		return meta_apply(run, in, err);
	}
}

static int work(struct stage_run *run, struct error *err)
{
	while (run->next < run->stage->insts.n) {
		const struct inst *in = &run->stage->insts.v[run->next];
		int r = execute(run, in, err);

		if (r < 0)
			return inst_error_at(in, NULL, err);
		if (r)
			return 0;
		run->next++;
	}
	run->state = STAGE_DONE;
	build_kick(run->build);
	return 0;
}

int stage_advance(struct stage_run *run)
{
	struct error err = ERROR_INIT;
	int r = 1;

	if (run->state == STAGE_IDLE)
		r = start(run, &err);
	if (r > 0 && run->state == STAGE_WORK)
		r = work(run, &err);
	return r < 0 ? build_fail(run->build, &err) : 0;
}
