/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of down, of the commands on containers that are there, and of those on images. */
#include "plan.h"

#define THREE                                                                                \
	"services:\n  web: {image: a, depends_on: [api]}\n"                                  \
	"  api: {image: a, depends_on: {db: {condition: service_healthy, restart: true}}}\n" \
	"  db: {image: b, volumes: [data:/d]}\nvolumes: {data: }\n"

static int each(struct scene *s, enum step_kind kind, const char *service)
{
	struct each_plan_options opt = { .kind = kind, .timeout = -1 };
	int r;

	if (service)
		strv_push(&opt.services, service);
	scene_observe(s);
	s->err = ERROR_INIT;
	r = plan_each(s->model, "p", &s->world, &opt, &s->plan, &s->err);
	strv_done(&opt.services);
	return r;
}

static int down(struct scene *s, struct down_plan_options opt)
{
	int r;

	opt.timeout = -1;
	scene_observe(s);
	r = plan_down(s->model, "p", &s->world, &opt, &s->plan, &s->err);
	strv_done(&opt.services);
	return r;
}

static void three_up(struct scene *s)
{
	fake_on_start(s->engine, "db", HEALTH_HEALTHY, false, 0);
	scene_up(s, THREE);
}

static void down_goes_backwards(void **state)
{
	struct scene *s = *state;

	three_up(s);
	assert_int_equal(down(s, (struct down_plan_options){ 0 }), 0);
	assert_int_equal(scene_run(s), 0);
	scene_log_is(s, "container_stop p-web-1\ncontainer_remove p-web-1\n"
			"container_stop p-api-1\ncontainer_remove p-api-1\n"
			"container_stop p-db-1\ncontainer_remove p-db-1\nnetwork_remove p_default");
	assert_int_equal(down(s, (struct down_plan_options){ .volumes = true }), 0);
	scene_shows(s, "remove volume p_data: --volumes\n");
	assert_int_equal(scene_run(s), 0);
	assert_int_equal(down(s, (struct down_plan_options){ .volumes = true }), 0);
	assert_int_equal(s->plan->steps.n, 0);
}

static void down_without_a_file(void **state)
{
	struct scene *s = *state;

	three_up(s);
	scene_forget(s);
	assert_int_equal(down(s, (struct down_plan_options){ .volumes = true }), 0);
	assert_int_equal(scene_run(s), 0);
	assert_int_equal(down(s, (struct down_plan_options){ .volumes = true }), 0);
	assert_int_equal(s->plan->steps.n, 0);
}

static void down_leaves_what_is_not_its(void **state)
{
	struct scene *s = *state;
	struct down_plan_options opt = { 0 };

	three_up(s);
	scene_load(s, "services:\n  web: {image: a}\n  api: {image: a, profiles: [x]}\n");
	assert_int_equal(down(s, opt), 0);
	assert_int_equal(scene_run(s), 0); /* the network is in use: told, no failure */
	scene_observe(s);
	assert_int_equal(s->world.containers.n, 2);
	opt.volumes = opt.remove_orphans = true;
	assert_int_equal(down(s, opt), 0);
	scene_run(s);
	scene_observe(s);
	assert_int_equal(s->world.containers.n, 1); /* api: its profile is not active */
	assert_int_equal(s->world.volumes.n, 1);    /* not in the file */
}

static void down_one(void **state)
{
	struct scene *s = *state;
	struct down_plan_options opt = { .rmi = "all" };

	three_up(s);
	strv_push(&opt.services, "web");
	assert_int_equal(down(s, opt), 0);
	scene_shows(s, "stop p-web-1: running\nremove p-web-1\n");
	assert_int_equal(down(s, (struct down_plan_options){ .rmi = "all" }), 0);
	scene_step(s, STEP_IMAGE_REMOVE, "a");
	scene_step(s, STEP_IMAGE_REMOVE, "b");
	assert_int_equal(down(s, (struct down_plan_options){ .rmi = "local" }), 0);
	vec_foreach (x, &s->plan->steps)
		assert_true((*x)->kind != STEP_IMAGE_REMOVE);
}

/* A stop that fails doesn't keep what it depended on from being stopped. */
static void down_goes_on(void **state)
{
	struct scene *s = *state;

	three_up(s);
	fake_fail(s->engine, "container_stop", "p-web-1", "stuck");
	assert_int_equal(down(s, (struct down_plan_options){ 0 }), 0);
	assert_true(scene_run(s) < 0);
	assert_string_equal(s->err.msg, "stop p-web-1: stuck");
	assert_true(strv_has(fake_log(s->engine), "container_remove p-db-1"));
	assert_false(strv_has(fake_log(s->engine), "container_remove p-web-1"));
}

static void stop_and_start(void **state)
{
	struct scene *s = *state;

	three_up(s);
	assert_int_equal(each(s, STEP_CONTAINER_STOP, NULL), 0);
	assert_int_equal(scene_run(s), 0);
	scene_log_is(s, "container_stop p-web-1\ncontainer_stop p-api-1\ncontainer_stop p-db-1");
	assert_int_equal(each(s, STEP_CONTAINER_STOP, NULL), 0);
	scene_shows(s, "");
	assert_int_equal(each(s, STEP_CONTAINER_START, "web"), 0);
	scene_shows(s, "start p-db-1: exited\nwait for db: to be healthy\n"
		       "start p-api-1: exited\nstart p-web-1: exited\n");
	assert_int_equal(scene_run(s), 0);
	/* What runs already is waited for all the same. */
	fake_exit(s->engine, "p-api-1", 0);
	assert_int_equal(each(s, STEP_CONTAINER_START, NULL), 0);
	scene_shows(s, "wait for db: to be healthy\nstart p-api-1: exited\n");
}

static void start_of_nothing(void **state)
{
	struct scene *s = *state;

	scene_load(s, "services:\n  web: {image: a}\n  none: {image: a, scale: 0}\n");
	assert_int_equal(each(s, STEP_CONTAINER_START, NULL), -ERR_NOT_FOUND);
	assert_non_null(strstr(s->err.msg, "\"web\" has no container"));
	assert_int_equal(each(s, STEP_CONTAINER_STOP, "nope"), -ERR_NOT_FOUND);
	assert_int_equal(each(s, STEP_CONTAINER_STOP, NULL), 0);
	scene_shows(s, "");
}

static void restart_follows_the_order(void **state)
{
	struct scene *s = *state;

	three_up(s);
	assert_int_equal(each(s, STEP_CONTAINER_RESTART, NULL), 0);
	assert_int_equal(scene_run(s), 0);
	scene_log_is(s, "container_stop p-web-1\ncontainer_stop p-api-1\n"
			"container_stop p-db-1\ncontainer_start p-db-1\n"
			"container_start p-api-1\ncontainer_start p-web-1");
	/* Those who ask for it are restarted with what they depend on. */
	assert_int_equal(each(s, STEP_CONTAINER_RESTART, "db"), 0);
	scene_shows(s, "stop p-api-1: running\nstop p-db-1: running\nstart p-db-1: running\n"
		       "wait for db: to be healthy\nstart p-api-1: running\n");
	assert_int_equal(each(s, STEP_CONTAINER_RESTART, "web"), 0);
	scene_shows(s, "stop p-web-1: running\nstart p-web-1: running\n");
}

static void by_labels_alone(void **state)
{
	struct scene *s = *state;

	three_up(s);
	scene_forget(s);
	assert_int_equal(each(s, STEP_CONTAINER_STOP, NULL), 0);
	assert_int_equal(scene_run(s), 0);
	scene_log_is(s, "container_stop p-web-1\ncontainer_stop p-api-1\ncontainer_stop p-db-1");
	assert_int_equal(each(s, STEP_CONTAINER_START, "api"), 0);
	scene_shows(s, "start p-db-1: exited\nwait for db: to be healthy\n"
		       "start p-api-1: exited\n");
	assert_int_equal(scene_run(s), 0);
}

static void the_others(void **state)
{
	struct scene *s = *state;

	three_up(s);
	assert_int_equal(each(s, STEP_CONTAINER_PAUSE, "web"), 0);
	scene_shows(s, "pause p-web-1: running\n");
	assert_int_equal(scene_run(s), 0);
	assert_int_equal(each(s, STEP_CONTAINER_PAUSE, "web"), 0);
	scene_shows(s, "");
	assert_int_equal(each(s, STEP_CONTAINER_UNPAUSE, NULL), 0);
	scene_shows(s, "unpause p-web-1: paused\n");
	assert_int_equal(scene_run(s), 0);
	fake_exit(s->engine, "p-web-1", 0);
	assert_int_equal(each(s, STEP_CONTAINER_REMOVE, NULL), 0);
	scene_shows(s, "remove p-web-1: exited\n");
	assert_int_equal(each(s, STEP_CONTAINER_KILL, NULL), 0);
	scene_shows(s, "kill p-db-1: running\nkill p-api-1: running\n");
}

static void ready(void **state)
{
	struct scene *s = *state;
	struct strv none = { 0 };

	three_up(s);
	scene_observe(s);
	assert_int_equal(plan_ready(s->model, &s->world, &none, &s->plan, &s->err), 0);
	scene_shows(s, "wait for db: to be healthy\nwait for api: to run\nwait for web: to run\n");
	assert_int_equal(scene_run(s), 0);
	fake_exit(s->engine, "p-web-1", 4);
	assert_int_equal(scene_run(s), -ERR_CONFLICT);
	assert_string_equal(s->err.msg, "container p-web-1 exited (4)");
}

static int images(struct scene *s, struct images_plan_options opt, const char *service)
{
	int r;

	if (service)
		strv_push(&opt.services, service);
	scene_observe(s);
	r = plan_images(s->model, &s->world, &opt, &s->plan, &s->err);
	strv_done(&opt.services);
	return r;
}

static void image_commands(void **state)
{
	struct scene *s = *state;

	scene_load(s, "services:\n  web: {image: a, depends_on: [db]}\n  db: {image: b}\n"
		      "  two: {image: a}\n  built: {image: c, build: {context: ., "
		      "additional_contexts: {x: 'service:base'}}}\n"
		      "  base: {build: .}\n  mine: {image: d, pull_policy: never}\n");
	assert_int_equal(images(s, (struct images_plan_options){ .kind = STEP_IMAGE_PULL }, NULL),
			 0);
	scene_shows(s, "pull c\npull b\npull a\n");
	assert_int_equal(images(s, (struct images_plan_options){ .kind = STEP_IMAGE_PULL }, "web"),
			 0);
	scene_shows(s, "pull a\n");
	assert_int_equal(images(s,
				(struct images_plan_options){ .kind = STEP_IMAGE_PULL,
							      .include_deps = true },
				"web"),
			 0);
	scene_shows(s, "pull b\npull a\n");
	assert_int_equal(
		images(s, (struct images_plan_options){ .kind = STEP_IMAGE_BUILD }, "built"), 0);
	scene_shows(s, "build p-base\nbuild c\n");
	assert_int_equal(images(s, (struct images_plan_options){ .kind = STEP_IMAGE_PUSH }, NULL),
			 0);
	scene_shows(s, "push c\n");
	assert_int_equal(images(s,
				(struct images_plan_options){ .kind = STEP_IMAGE_PULL,
							      .ignore_buildable = true,
							      .policy_given = true },
				NULL),
			 0);
	scene_shows(s, "pull b\npull d\npull a\n");
	assert_true(scene_step(s, STEP_IMAGE_PULL, "d") != NULL);
	assert_int_equal(images(s, (struct images_plan_options){ .kind = STEP_IMAGE_PULL }, "x"),
			 -ERR_NOT_FOUND);
}

/* What is there and said to be enough is not asked for, but for "latest". */
static void pulls_what_is_missing(void **state)
{
	struct scene *s = *state;
	struct images_plan_options opt = { .kind = STEP_IMAGE_PULL };

	scene_load(s, "services:\n  a: {image: 'a:1', pull_policy: missing}\n"
		      "  b: {image: b, pull_policy: if_not_present}\n  c: {image: 'c:1'}\n"
		      "  d: {image: 'd:1', build: .}\n  e: {image: 'e:1', pull_policy: build}\n");
	fake_add_image(s->engine, "a:1", "sha256:aaaa");
	fake_add_image(s->engine, "b", "sha256:bbbb");
	fake_add_image(s->engine, "c:1", "sha256:cccc");
	assert_int_equal(images(s, opt, NULL), 0);
	scene_shows(s, "pull b\npull c:1\npull d:1\n");
	assert_true(scene_step(s, STEP_IMAGE_PULL, "d:1")->skip_if_fails);
	assert_false(scene_step(s, STEP_IMAGE_PULL, "c:1")->skip_if_fails);
	opt.policy_given = opt.only_missing = true;
	assert_int_equal(images(s, opt, NULL), 0);
	scene_shows(s, "pull b\npull d:1\npull e:1\n");
	opt.only_missing = false;
	assert_int_equal(images(s, opt, NULL), 0);
	scene_shows(s, "pull a:1\npull b\npull c:1\npull d:1\npull e:1\n");
}

static void pushes_all_tags(void **state)
{
	struct scene *s = *state;

	scene_load(s,
		   "services:\n  a: {image: 'a:1', build: {context: ., tags: ['a:2', 'a:1', x]}}\n"
		   "  b: {image: 'b:1'}\n");
	assert_int_equal(images(s, (struct images_plan_options){ .kind = STEP_IMAGE_PUSH }, NULL),
			 0);
	scene_shows(s, "push a:1\npush a:2\npush x\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(down_goes_backwards),
		scene_test(down_without_a_file),
		scene_test(down_leaves_what_is_not_its),
		scene_test(down_one),
		scene_test(down_goes_on),
		scene_test(stop_and_start),
		scene_test(start_of_nothing),
		scene_test(restart_follows_the_order),
		scene_test(by_labels_alone),
		scene_test(the_others),
		scene_test(ready),
		scene_test(image_commands),
		scene_test(pulls_what_is_missing),
		scene_test(pushes_all_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
