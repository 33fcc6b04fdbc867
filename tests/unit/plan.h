/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small project from text on an engine in memory, for the tests of model, plan and executor: a
 * world is what `up` of one text has made, then another text is held against it.
 */
#ifndef TESTS_UNIT_PLAN_H
#define TESTS_UNIT_PLAN_H

#include "unit.h"

#include "compose/run.h"
#include "engine/fake.h"
#include "event/loop.h"
#include "util/io.h"

#include <unistd.h>

struct scene {
	char *dir;
	sd_event *loop;
	struct engine *engine;
	struct map environ;
	struct project_tree *tree;
	struct model *model;
	struct world world;
	bool observed;
	struct findings findings;
	struct up_plan_options up;
	struct plan *plan;
	struct error err;
};

static inline void scene_forget_plan(struct scene *s)
{
	plan_freep(&s->plan);
	if (s->observed)
		world_done(&s->world);
	s->observed = false;
}

static inline void scene_forget(struct scene *s)
{
	scene_forget_plan(s);
	s->model = model_free(s->model);
	s->tree = project_tree_free(s->tree);
	findings_done(&s->findings);
	s->findings = (struct findings){ 0 };
	map_done(&s->up.scale);
	strv_done(&s->up.services);
	strv_done(&s->up.renew_volumes);
	s->up = (struct up_plan_options){ .timeout = -1 };
	s->err = ERROR_INIT;
}

static inline int scene_setup(void **state)
{
	struct scene *s = xnew(struct scene);
	void *dir;

	if (unit_dir_setup(&dir) < 0 || loop_new(&s->loop, NULL) < 0)
		return -1;
	s->dir = dir;
	s->up.timeout = -1;
	engine_fake_new(s->loop, &s->engine, NULL);
	fake_offer_image(s->engine, "a", "sha256:aaaa");
	fake_offer_image(s->engine, "b", "sha256:bbbb");
	*state = s;
	return 0;
}

static inline int scene_teardown(void **state)
{
	struct scene *s = *state;
	void *dir = s->dir;

	scene_forget(s);
	engine_free(s->engine);
	sd_event_unref(s->loop);
	map_done(&s->environ);
	unit_dir_teardown(&dir);
	free(s);
	return 0;
}

/* The project of this text, named "p"; what is wrong with it is in s->findings. */
static inline int scene_try(struct scene *s, const char *text)
{
	autofree char *path = xprintf("%s/compose.yaml", s->dir);
	struct load_options opt = {
		.project_dir = s->dir, .project_name = "p", .environ = &s->environ, .cwd = s->dir
	};
	int r;

	scene_forget(s);
	assert_ok(io_replace_fast(AT_FDCWD, path, text, strlen(text), 0644, NULL));
	r = project_load(&opt, &s->tree, &s->findings);
	if (r == 0)
		r = model_new(s->tree, &s->model, &s->findings);
	return r;
}

static inline void scene_load(struct scene *s, const char *text)
{
	int r = scene_try(s, text);
	autobuf found;

	buf_init(&found, BUF_MAX_ANY);
	findings_print(&s->findings, false, &found);
	if (r < 0)
		fail_msg("%s", found.p);
}

static inline void scene_observe(struct scene *s)
{
	scene_forget_plan(s);
	assert_ok(task_wait(world_observe(s->engine, "p", s->model, &s->world), &err));
	s->observed = true;
}

static inline int scene_plan_up(struct scene *s)
{
	scene_observe(s);
	s->err = ERROR_INIT;
	return plan_up(s->model, &s->world, &s->up, &s->plan, &s->findings, &s->err);
}

static inline int scene_run(struct scene *s)
{
	const struct run_options opt = { .engine = s->engine };

	fake_log_reset(s->engine);
	s->err = ERROR_INIT;
	return task_wait(plan_run(s->plan, &opt), &s->err);
}

static inline void scene_up(struct scene *s, const char *text)
{
	scene_load(s, text);
	if (scene_plan_up(s) < 0 || scene_run(s) < 0)
		fail_msg("%s", s->err.msg);
}

/* The plan as plan_print() has it. */
static inline void scene_shows(struct scene *s, const char *expected)
{
	autobuf text;

	assert_non_null(s->plan);
	buf_init(&text, BUF_MAX_ANY);
	plan_print(s->plan, &text);
	assert_string_equal(text.p, expected);
}

/* What `up` of the loaded project would do. */
static inline void scene_up_shows(struct scene *s, const char *expected)
{
	if (scene_plan_up(s) < 0)
		fail_msg("%s", s->err.msg);
	scene_shows(s, expected);
}

static inline struct step *scene_step(struct scene *s, enum step_kind kind, const char *name)
{
	vec_foreach (x, &s->plan->steps)
		if ((*x)->kind == kind && streq((*x)->name, name))
			return *x;
	fail_msg("no step \"%s %s\"", step_kind_name(kind), name);
	return NULL;
}

/* Does step need first, through others perhaps? */
static inline bool comes_after(const struct step *s, const struct step *first)
{
	vec_foreach (n, &s->needs)
		if (n->step == first || comes_after(n->step, first))
			return true;
	return false;
}

static inline void scene_scale(struct scene *s, const char *service, unsigned n)
{
	unsigned *value = xnew(unsigned);

	*value = n;
	if (!s->up.scale.free_value)
		map_init(&s->up.scale, free);
	map_set(&s->up.scale, service, value);
}

/* What the engine was told, one per line. */
static inline void scene_log_is(struct scene *s, const char *expected)
{
	assert_text(strv_join(fake_log(s->engine), "\n"), expected);
}

static inline const struct container_info *scene_container(struct scene *s, const char *name)
{
	vec_foreach (c, &s->world.containers)
		if (streq(c->name, name))
			return c;
	fail_msg("no container %s", name);
	return NULL;
}

#define scene_test(f) cmocka_unit_test_setup_teardown(f, scene_setup, scene_teardown)

#endif
