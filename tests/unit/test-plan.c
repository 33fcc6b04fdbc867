/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of `up`: what is made, replaced, started, left alone, and why. */
#include "plan.h"

#include "util/time.h"

#define WEB "services:\n  web: {image: a}\n"
#define WEB_DB                                                                       \
	"services:\n  web: {image: a, depends_on: [db]}\n  db: {image: b, volumes: " \
	"[data:/d]}\nvolumes: {data: }\n"

static void first_up(void **state)
{
	struct scene *s = *state;

	scene_load(s, WEB_DB);
	scene_up_shows(s, "pull b: it is not there\n"
			  "pull a: it is not there\n"
			  "create volume p_data: it is not there\n"
			  "create network p_default: it is not there\n"
			  "create p-db-1: it is not there\n"
			  "create p-web-1: it is not there\n"
			  "start p-db-1\n"
			  "start p-web-1\n");
	assert_true(comes_after(scene_step(s, STEP_CONTAINER_START, "p-web-1"),
				scene_step(s, STEP_CONTAINER_START, "p-db-1")));
	assert_false(comes_after(scene_step(s, STEP_CONTAINER_CREATE, "p-web-1"),
				 scene_step(s, STEP_CONTAINER_START, "p-db-1")));
}

static void nothing_to_do(void **state)
{
	struct scene *s = *state;

	scene_up(s, WEB_DB);
	scene_up_shows(s, "");
	assert_int_equal(s->findings.list.n, 0);
}

static void fields_that_differ(void **state)
{
	struct scene *s = *state;

	scene_up(s, "services:\n  web: {image: a, environment: {DEBUG: '0', DB_PASSWORD: x}}\n");
	scene_load(s, "services:\n  web: {image: a, environment: {DEBUG: '1', DB_PASSWORD: y}, "
		      "user: u}\n");
	scene_up_shows(s, "recreate p-web-1: environment.DB_PASSWORD has changed; "
			  "environment.DEBUG \"0\" -> \"1\"; user nothing -> \"u\"\n"
			  "start p-web-1\n");
}

static void order_alone_changes_nothing(void **state)
{
	struct scene *s = *state;

	scene_up(s, "services:\n  web: {image: a}\n  db: {image: b}\n");
	scene_load(s, "services:\n  web: {image: a, depends_on: [db]}\n  db: {image: b}\n");
	scene_up_shows(s, "");
}

static void recreate_modes(void **state)
{
	struct scene *s = *state;

	scene_up(s, WEB_DB);
	s->up.recreate = RECREATE_FORCE;
	strv_push(&s->up.services, "web");
	scene_up_shows(s, "recreate p-web-1: --force-recreate\nstart p-web-1\n");
	s->up.recreate = RECREATE_CHANGED;
	s->up.always_recreate_deps = true;
	scene_up_shows(s, "recreate p-db-1: --always-recreate-deps\nstart p-db-1\n");
	scene_load(s, "services:\n  web: {image: a, user: u}\n");
	s->up.recreate = RECREATE_NEVER;
	s->up.ignore_orphans = true;
	scene_up_shows(s, "");
}

static void stopped_ones_start(void **state)
{
	struct scene *s = *state;

	scene_up(s, WEB);
	fake_exit(s->engine, "p-web-1", 3);
	scene_up_shows(s, "start p-web-1: it has exited\n");
	assert_int_equal(scene_run(s), 0);
	assert_ok(task_wait(engine_container_pause(s->engine, "p-web-1"), &err));
	scene_up_shows(s, "unpause p-web-1: it is paused\n");
}

static void newer_image(void **state)
{
	struct scene *s = *state;

	scene_up(s, WEB);
	fake_add_image(s->engine, "a", "sha256:a2a2");
	scene_up_shows(s, "recreate p-web-1: its image is a newer one\nstart p-web-1\n");
	fake_add_image(s->engine, "a", "sha256:aaaa");
	s->up.pull = "always";
	scene_up_shows(s, "pull a: --pull always\n"
			  "recreate p-web-1: if its image changes\nstart p-web-1\n");
	assert_int_equal(scene_run(s), 0);
	scene_log_is(s, "image_pull a");
	fake_offer_image(s->engine, "a", "sha256:a3a3");
	scene_plan_up(s);
	assert_int_equal(scene_run(s), 0);
	assert_true(strv_has(fake_log(s->engine), "container_create p-web-1"));
}

static void pull_policies(void **state)
{
	struct scene *s = *state;

	scene_load(s, "services:\n  web: {image: a, pull_policy: never}\n");
	assert_int_equal(scene_plan_up(s), -ERR_NOT_FOUND);
	fake_add_image(s->engine, "a", "sha256:aaaa");
	scene_load(s, "services:\n  web: {image: a, pull_policy: always, network_mode: none}\n");
	scene_up_shows(s, "pull a: pull_policy: always\n"
			  "create p-web-1: it is not there\nstart p-web-1\n");
	s->up.pull = "missing";
	scene_up_shows(s, "create p-web-1: it is not there\nstart p-web-1\n");
	scene_load(s, "services:\n  web: {image: a, pull_policy: every_1h, network_mode: none}\n");
	scene_observe(s);
	*(int64_t *)map_get(&s->world.pulled, "a") = s->world.now - 60;
	assert_int_equal(plan_up(s->model, &s->world, &s->up, &s->plan, &s->findings, &s->err), 0);
	scene_shows(s, "create p-web-1: it is not there\nstart p-web-1\n");
	scene_up_shows(s, "pull a: pull_policy: it is time to look for a newer one\n"
			  "create p-web-1: it is not there\nstart p-web-1\n");
	scene_load(s, "services:\n  web: {image: b, pull_policy: build, network_mode: none}\n");
	assert_int_equal(scene_plan_up(s), -ERR_NOT_FOUND);
}

static void pulls_now_and_then(void **state)
{
	static const struct {
		const char *policy;
		int64_t hours; /* when it is time */
	} cases[] = { { "daily", 24 },	     { "weekly", 7 * 24 },  { "every_90m", 2 },
		      { "every_1w1d", 192 }, { "every_1d12h", 36 }, { "every_3600s", 1 } };
	struct scene *s = *state;

	fake_add_image(s->engine, "a", "sha256:aaaa");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *text = xprintf("services:\n  web: {image: a, network_mode: none, "
					      "pull_policy: %s}\n",
					      cases[i].policy);

		scene_load(s, text);
		for (int late = 0; late < 2; late++) {
			int64_t hours = cases[i].hours - 1 + 2 * late;

			scene_observe(s);
			*(int64_t *)map_get(&s->world.pulled, "a") = s->world.now -
								     hours * 3600 * NSEC_PER_SEC;
			assert_int_equal(plan_up(s->model, &s->world, &s->up, &s->plan,
						 &s->findings, &s->err),
					 0);
			assert_int_equal(s->plan->steps.v[0]->kind == STEP_IMAGE_PULL, late);
		}
	}
}

static void builds(void **state)
{
	struct scene *s = *state;

	scene_load(s, "services:\n  web: {build: ., network_mode: none}\n");
	scene_up_shows(s, "build p-web: its image is not there\n"
			  "create p-web-1: it is not there\nstart p-web-1\n");
	s->up.no_build = true;
	assert_int_equal(scene_plan_up(s), -ERR_NOT_FOUND);
	/* With a name it is pulled first. */
	scene_load(s, "services:\n  web: {build: ., image: a, network_mode: none}\n");
	scene_up_shows(s, "pull a: it is not there\nbuild a: its image is not there\n"
			  "create p-web-1: it is not there\nstart p-web-1\n");
	assert_true(scene_step(s, STEP_IMAGE_PULL, "a")->skip_if_fails);
	s->up.build = true;
	scene_up_shows(s, "build a: --build\ncreate p-web-1: it is not there\nstart p-web-1\n");
	assert_int_equal(scene_run(s), -ERR_UNSUPPORTED); /* this engine doesn't build */
	s->up.build = false;
	scene_plan_up(s);
	assert_int_equal(scene_run(s), 0); /* the pull has brought it */
}

static void one_image_of_several(void **state)
{
	struct scene *s = *state;

	scene_load(s, "services:\n  a: {image: x, network_mode: none}\n"
		      "  z: {image: x, build: ., pull_policy: build, network_mode: none}\n"
		      "  base: {build: .}\n"
		      "  y: {build: {context: ., additional_contexts: {b: 'service:base'}}, "
		      "network_mode: none}\n");
	strv_push(&s->up.services, "a");
	strv_push(&s->up.services, "z");
	strv_push(&s->up.services, "y");
	scene_up_shows(s, "build x: pull_policy: build\n"
			  "build p-base: its image is not there\n"
			  "create p-a-1: it is not there\ncreate p-z-1: it is not there\n"
			  "build p-y: its image is not there\n"
			  "start p-a-1\nstart p-z-1\n"
			  "create p-y-1: it is not there\nstart p-y-1\n");
}

static void selection(void **state)
{
	struct scene *s = *state;

	scene_load(s, "services:\n  web: {image: a, depends_on: [db], networks: [front]}\n"
		      "  db: {image: b, networks: [back]}\n"
		      "  other: {image: a, networks: [far], volumes: ['vol:/v']}\n"
		      "networks: {front: , back: , far: {external: true}}\nvolumes: {vol: }\n");
	strv_push(&s->up.services, "web");
	s->up.no_deps = true;
	scene_up_shows(s, "pull a: it is not there\ncreate network p_front: it is not there\n"
			  "create p-web-1: it is not there\nstart p-web-1\n");
	s->up.no_deps = false;
	scene_up_shows(s, "pull b: it is not there\npull a: it is not there\n"
			  "create network p_front: it is not there\n"
			  "create network p_back: it is not there\n"
			  "create p-web-1: it is not there\ncreate p-db-1: it is not there\n"
			  "start p-db-1\nstart p-web-1\n");
	strv_done(&s->up.services);
	assert_int_equal(scene_plan_up(s), -ERR_NOT_FOUND);
	assert_non_null(strstr(s->err.msg, "network far"));
	assert_true(s->err.pos.line > 0);
}

#define CONDITIONS                                                                            \
	"services:\n  web: {image: a, network_mode: none, depends_on: {"                      \
	"db: {condition: service_healthy}, job: {condition: service_completed_successfully}," \
	"x: {condition: service_healthy, required: false}}}\n"                                \
	"  db: {image: b, network_mode: none}\n  job: {image: b, network_mode: none}\n"       \
	"  x: {image: b, network_mode: none}\n"

static void conditions(void **state)
{
	struct scene *s = *state;
	struct step *web, *wait;

	scene_load(s, CONDITIONS);
	assert_int_equal(scene_plan_up(s), 0);
	web = scene_step(s, STEP_CONTAINER_START, "p-web-1");
	wait = scene_step(s, STEP_WAIT, "db");
	assert_int_equal(wait->condition, DEPEND_HEALTHY);
	assert_false(wait->skip_if_fails);
	assert_true(comes_after(web, wait));
	assert_true(comes_after(wait, scene_step(s, STEP_CONTAINER_START, "p-db-1")));
	wait = scene_step(s, STEP_WAIT, "job");
	assert_int_equal(wait->condition, DEPEND_COMPLETED);
	assert_true(comes_after(web, wait));
	wait = scene_step(s, STEP_WAIT, "x");
	assert_true(wait->skip_if_fails);
	assert_true(comes_after(web, wait));
	/* What is to have no container is not waited for. */
	scene_scale(s, "db", 0);
	scene_plan_up(s);
	vec_foreach (x, &s->plan->steps)
		assert_false((*x)->kind == STEP_WAIT && streq((*x)->name, "db"));
	/* Without starts there is nothing to wait for. */
	s->up.no_start = true;
	scene_plan_up(s);
	vec_foreach (x, &s->plan->steps)
		assert_true((*x)->kind == STEP_IMAGE_PULL || (*x)->kind == STEP_CONTAINER_CREATE);
}

static void scales(void **state)
{
	struct scene *s = *state;

	scene_up(s, "services:\n  web: {image: a, scale: 3}\n");
	scene_load(s, WEB);
	scene_up_shows(s, "stop p-web-2: scaled down\nstop p-web-3: scaled down\n"
			  "remove p-web-2: scaled down\nremove p-web-3: scaled down\n");
	scene_scale(s, "web", 4);
	scene_up_shows(s, "create p-web-4: it is not there\nstart p-web-4\n");
	/* Gaps are filled. */
	assert_ok(task_wait(s->engine->ops->container_remove(s->engine, "p-web-2", true, false),
			    &err));
	scene_up_shows(s, "create p-web-2: it is not there\ncreate p-web-4: it is not there\n"
			  "start p-web-2\nstart p-web-4\n");
	scene_load(s, "services:\n  web: {image: a, container_name: one}\n");
	scene_scale(s, "web", 2);
	assert_int_equal(scene_plan_up(s), -ERR_INVALID);
}

static void orphans(void **state)
{
	struct scene *s = *state;

	scene_up(s, "services:\n  old: {image: a, profiles: []}\n  web: {image: a}\n");
	scene_load(s, "services:\n  web: {image: a}\n  new: {image: a}\n");
	assert_int_equal(scene_plan_up(s), 0);
	assert_int_equal(s->findings.list.n, 1);
	assert_non_null(strstr(s->findings.list.v[0].message, "p-old-1"));
	s->up.remove_orphans = true;
	scene_up_shows(s, "stop p-old-1: its service is not in the file\n"
			  "remove p-old-1: its service is not in the file\n"
			  "create p-new-1: it is not there\nstart p-new-1\n");
	/* What no profile selects is none. */
	scene_load(s, "services:\n  web: {image: a}\n  old: {image: a, profiles: [x]}\n");
	s->up.remove_orphans = true;
	scene_up_shows(s, "");
}

static void replacement_cut_short(void **state)
{
	struct scene *s = *state;
	autofree char *spare = NULL, *expected = NULL;

	scene_up(s, WEB);
	scene_observe(s);
	spare = container_spare_name(scene_container(s, "p-web-1"));
	/* Killed after the old one was renamed ... */
	assert_ok(task_wait(s->engine->ops->container_rename(s->engine, "p-web-1", spare), &err));
	scene_up_shows(s, "recreate p-web-1: its replacement was cut short\nstart p-web-1\n");
	assert_int_equal(scene_run(s), 0);
	expected = xprintf("container_stop %s\ncontainer_create p-web-1\ncontainer_remove %s\n"
			   "container_start p-web-1",
			   spare, spare);
	scene_log_is(s, expected);
	scene_up_shows(s, "");
}

static void replacement_left_over(void **state)
{
	struct scene *s = *state;
	autofree char *spare = NULL, *expected = NULL;

	scene_up(s, WEB);
	scene_observe(s);
	spare = container_spare_name(scene_container(s, "p-web-1"));
	/* ... or after the new one was made. */
	assert_ok(task_wait(s->engine->ops->container_rename(s->engine, "p-web-1", spare), &err));
	scene_plan_up(s);
	fake_fail(s->engine, "container_remove", spare, "killed");
	assert_true(scene_run(s) < 0);
	expected = xprintf("stop %s: left over by a replacement that was cut short\n"
			   "remove %s: left over by a replacement that was cut short\n"
			   "start p-web-1: it was never started\n",
			   spare, spare);
	scene_up_shows(s, expected);
	assert_int_equal(scene_run(s), 0);
	scene_up_shows(s, "");
}

#define WITH_NET(subnet)                                                                 \
	"services:\n  web: {image: a, networks: [n]}\n  db: {image: b, networks: [n]}\n" \
	"networks: {n: {ipam: {config: [{subnet: " subnet "}]}}}\n"

static void network_changes(void **state)
{
	struct scene *s = *state;

	scene_up(s, WITH_NET("10.1.0.0/24"));
	scene_load(s, WITH_NET("10.2.0.0/24"));
	strv_push(&s->up.services, "web");
	assert_int_equal(scene_plan_up(s), 0);
	assert_int_equal(scene_run(s), 0);
	scene_up_shows(s, "");
	scene_load(s, WITH_NET("10.3.0.0/24"));
	scene_up_shows(s, "stop p-db-1: the configuration of network p_n changed\n"
			  "stop p-web-1: the configuration of network p_n changed\n"
			  "remove network p_n: its configuration changed\n"
			  "create network p_n: its configuration changed\n"
			  "recreate p-db-1: the configuration of network p_n changed\n"
			  "recreate p-web-1: the configuration of network p_n changed\n"
			  "start p-db-1\nstart p-web-1\n");
	assert_int_equal(scene_run(s), 0);
	scene_up_shows(s, "");
}

static void others_of_a_network(void **state)
{
	struct scene *s = *state;

	scene_up(s, WITH_NET("10.1.0.0/24"));
	scene_load(s, WITH_NET("10.2.0.0/24"));
	strv_push(&s->up.services, "web");
	assert_int_equal(scene_plan_up(s), 0);
	assert_true(comes_after(scene_step(s, STEP_CONTAINER_START, "p-db-1"),
				scene_step(s, STEP_NETWORK_CREATE, "p_n")));
	vec_foreach (x, &s->plan->steps)
		assert_false((*x)->kind == STEP_CONTAINER_RECREATE && streq((*x)->name, "p-db-1"));
}

#define WITH_VOLUME(device)                                             \
	"services:\n  web: {image: a, volumes: [vol:/v, /anonymous]}\n" \
	"volumes: {vol: {driver_opts: {device: " device "}}}\n"

static void volume_changes(void **state)
{
	struct scene *s = *state;
	autostrv changed = { 0 };

	scene_up(s, WITH_VOLUME("x"));
	scene_load(s, WITH_VOLUME("y"));
	scene_observe(s);
	plan_changed_volumes(s->model, &s->world, &changed);
	assert_int_equal(changed.n, 1);
	assert_string_equal(changed.v[0], "p_vol");
	assert_int_equal(scene_plan_up(s), 0);
	assert_int_equal(s->findings.list.n, 1);
	vec_foreach (x, &s->plan->steps)
		assert_true((*x)->kind != STEP_VOLUME_REMOVE);
	strv_push(&s->up.renew_volumes, "p_vol");
	scene_up_shows(s, "stop p-web-1: volume p_vol is made anew\n"
			  "remove p-web-1: volume p_vol is made anew\n"
			  "remove volume p_vol: its configuration changed\n"
			  "create volume p_vol: its configuration changed\n"
			  "create p-web-1: it is made anew\nstart p-web-1\n");
	assert_int_equal(scene_run(s), 0);
	scene_up_shows(s, "");
}

static void restarts_with_dependency(void **state)
{
	struct scene *s = *state;
	static const char text[] =
		"services:\n  web: {image: a, depends_on: {db: {condition: service_started, "
		"restart: true}}}\n  far: {image: a, depends_on: [db]}\n  db: {image: b%s}\n";
	autofree char *before = xprintf(text, ""), *after = xprintf(text, ", user: u");

	scene_up(s, before);
	scene_load(s, after);
	scene_up_shows(s, "stop p-web-1: db is replaced, which it depends on\n"
			  "recreate p-db-1: user nothing -> \"u\"\n"
			  "start p-db-1\n"
			  "start p-web-1: db is replaced, which it depends on\n");
	/* When only the image may have changed, it shows later. */
	scene_load(s, before);
	s->up.pull = "always";
	assert_int_equal(scene_plan_up(s), 0);
	s->up.pull = NULL;
	scene_load(s, "services:\n  web: {image: a, depends_on: {db: {condition: service_started, "
		      "restart: true}}}\n  db: {image: b, pull_policy: always}\n");
	s->up.ignore_orphans = true;
	scene_up_shows(s, "pull b: pull_policy: always\n"
			  "recreate p-db-1: if its image changes\nstart p-db-1\n"
			  "restart p-web-1: if db is replaced, which it depends on\n");
	assert_int_equal(scene_run(s), 0);
	scene_log_is(s, "image_pull b");
	fake_offer_image(s->engine, "b", "sha256:b2b2");
	scene_plan_up(s);
	assert_int_equal(scene_run(s), 0);
	assert_true(strv_has(fake_log(s->engine), "container_stop p-web-1"));
}

static void shown_as_json(void **state)
{
	struct scene *s = *state;
	autojson *j = NULL;

	scene_load(s, "services:\n  web: {image: a, network_mode: none}\n");
	scene_plan_up(s);
	j = plan_json(s->plan);
	assert_text(json_text(j), "[{\"step\":\"pull\",\"name\":\"a\",\"service\":\"web\","
				  "\"reason\":\"it is not there\",\"needs\":[]},"
				  "{\"step\":\"create\",\"name\":\"p-web-1\",\"service\":\"web\","
				  "\"reason\":\"it is not there\",\"needs\":[\"pull a\"]},"
				  "{\"step\":\"start\",\"name\":\"p-web-1\",\"service\":\"web\","
				  "\"needs\":[\"create p-web-1\"]}]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(first_up),
		scene_test(nothing_to_do),
		scene_test(fields_that_differ),
		scene_test(order_alone_changes_nothing),
		scene_test(recreate_modes),
		scene_test(stopped_ones_start),
		scene_test(newer_image),
		scene_test(pull_policies),
		scene_test(pulls_now_and_then),
		scene_test(builds),
		scene_test(one_image_of_several),
		scene_test(selection),
		scene_test(conditions),
		scene_test(scales),
		scene_test(orphans),
		scene_test(replacement_cut_short),
		scene_test(replacement_left_over),
		scene_test(network_changes),
		scene_test(others_of_a_network),
		scene_test(volume_changes),
		scene_test(restarts_with_dependency),
		scene_test(shown_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
