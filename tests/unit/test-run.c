/* SPDX-License-Identifier: Apache-2.0 */
/* The executor: order, lanes, failures, waiting, cancelling. */
#include "plan.h"

struct seen {
	struct strv lines; /* "start p-web-1 running" */
	struct scene *scene;
	const char *cancel_at; /* a line at which the run is cancelled */
	struct task *task;
	unsigned busy, most;
	enum step_kind counted;
};

static const char *const state_words[] = { "pending",	"running", "done",
					   "unchanged", "failed",  "cancelled" };

static void on_event(void *userdata, const struct run_event *ev)
{
	struct seen *seen = userdata;
	autofree char *line = xprintf("%s %s %s", step_kind_name(ev->step->kind), ev->step->name,
				      state_words[ev->state]);

	strv_push(&seen->lines, line);
	if (ev->step->kind == seen->counted) {
		seen->busy += ev->state == STEP_RUNNING ? 1 : -1;
		seen->most = MAX(seen->most, seen->busy);
	}
	if (seen->cancel_at && streq(line, seen->cancel_at))
		task_cancel(seen->task);
}

static int run(struct scene *s, struct seen *seen, unsigned parallel)
{
	const struct run_options opt = {
		.engine = s->engine, .parallel = parallel, .event = on_event, .userdata = seen
	};

	fake_log_reset(s->engine);
	s->err = ERROR_INIT;
	seen->task = plan_run(s->plan, &opt);
	return task_wait(seen->task, &s->err);
}

static int up(struct scene *s, struct seen *seen, const char *text)
{
	scene_load(s, text);
	assert_int_equal(scene_plan_up(s), 0);
	return run(s, seen, 0);
}

static bool saw(const struct seen *seen, const char *line)
{
	return strv_has(&seen->lines, line);
}

#define HEALTHY                                                                      \
	"services:\n  web: {image: a, network_mode: none, depends_on: {"             \
	"db: {condition: service_healthy}}}\n  db: {image: b, network_mode: none}\n" \
	"  other: {image: b, network_mode: none}\n"

static void failure_cancels_dependants(void **state)
{
	struct scene *s = *state;
	struct seen seen = { 0 };

	fake_fail(s->engine, "container_start", "p-db-1", "no room");
	assert_int_equal(up(s, &seen, HEALTHY), -ERR_INTERNAL);
	assert_string_equal(s->err.msg, "start p-db-1: no room");
	assert_true(saw(&seen, "start p-db-1 failed"));
	assert_true(saw(&seen, "wait for db cancelled"));
	assert_true(saw(&seen, "start p-web-1 cancelled"));
	assert_true(saw(&seen, "start p-other-1 done"));
	assert_true(saw(&seen, "create p-web-1 done"));
	strv_done(&seen.lines);
}

static void optional_dependency(void **state)
{
	struct scene *s = *state;
	struct seen seen = { 0 };

	fake_fail(s->engine, "container_start", "p-db-1", "no room");
	assert_int_equal(up(s, &seen,
			    "services:\n  web: {image: a, network_mode: none, depends_on: "
			    "{db: {condition: service_healthy, required: false}}}\n"
			    "  db: {image: b, network_mode: none}\n"),
			 -ERR_INTERNAL);
	assert_true(saw(&seen, "wait for db failed"));
	assert_true(saw(&seen, "start p-web-1 done"));
	strv_done(&seen.lines);
}

/* A state that the fake is put into after a while. */
struct later {
	struct scene *scene;
	enum health health;
	bool exits;
	int code;
	sd_event_source *timer;
};

static void it_happens(void *userdata)
{
	struct later *l = userdata;

	if (l->exits)
		fake_exit(l->scene->engine, "p-db-1", l->code);
	else
		fake_set_health(l->scene->engine, "p-db-1", l->health);
	source_unrefp(&l->timer);
}

static int up_while(struct scene *s, struct seen *seen, struct later l, const char *text)
{
	int r;

	l.scene = s;
	fake_on_start(s->engine, "db", HEALTH_STARTING, false, 0);
	loop_after(s->loop, 20000000, it_happens, &l, &l.timer, NULL);
	r = up(s, seen, text);
	source_unrefp(&l.timer);
	return r;
}

static void waits_for_health(void **state)
{
	struct scene *s = *state;
	struct seen seen = { 0 };

	assert_int_equal(up_while(s, &seen, (struct later){ .health = HEALTH_HEALTHY }, HEALTHY),
			 0);
	assert_true(saw(&seen, "wait for db done"));
	assert_string_equal(seen.lines.v[seen.lines.n - 1], "start p-web-1 done");
	strv_done(&seen.lines);
}

static void unhealthy(void **state)
{
	struct scene *s = *state;
	struct seen seen = { 0 };

	assert_int_equal(up_while(s, &seen, (struct later){ .health = HEALTH_UNHEALTHY }, HEALTHY),
			 -ERR_CONFLICT);
	assert_string_equal(s->err.msg,
			    "dependency failed to start: container p-db-1 is unhealthy");
	assert_true(saw(&seen, "start p-web-1 cancelled"));
	strv_done(&seen.lines);
}

static void exits_while_waited_for(void **state)
{
	struct scene *s = *state;
	struct seen seen = { 0 };

	assert_int_equal(up_while(s, &seen, (struct later){ .exits = true, .code = 3 }, HEALTHY),
			 -ERR_CONFLICT);
	assert_string_equal(s->err.msg, "dependency failed to start: container p-db-1 exited (3)");
	strv_done(&seen.lines);
}

static void no_healthcheck(void **state)
{
	struct scene *s = *state;
	struct seen seen = { 0 };

	assert_int_equal(up(s, &seen, HEALTHY), -ERR_CONFLICT);
	assert_non_null(strstr(s->err.msg, "has no healthcheck configured"));
	strv_done(&seen.lines);
}

#define COMPLETED                                                        \
	"services:\n  web: {image: a, network_mode: none, depends_on: {" \
	"db: {condition: service_completed_successfully}}}\n"            \
	"  db: {image: b, network_mode: none}\n"

static void completed(void **state)
{
	struct scene *s = *state;
	struct seen seen = { 0 };

	assert_int_equal(up_while(s, &seen, (struct later){ .exits = true }, COMPLETED), 0);
	strv_done(&seen.lines);
	fake_on_start(s->engine, "db", HEALTH_NONE, true, 7);
	fake_exit(s->engine, "p-web-1", 0);
	assert_int_equal(up(s, &seen, COMPLETED), -ERR_CONFLICT);
	assert_string_equal(s->err.msg, "service \"db\" didn't complete successfully: exit 7");
	strv_done(&seen.lines);
}

/* A container that goes away while it is waited for. */
static void no_container(void **state)
{
	struct scene *s = *state;
	struct seen seen = { 0 };

	scene_up(s, "services:\n  db: {image: b, network_mode: none}\n");
	scene_forget_plan(s);
	s->plan = plan_new(s->model, "p");
	plan_wait(s->plan, "db", DEPEND_HEALTHY);
	plan_order(s->plan, NULL);
	task_unref(s->engine->ops->container_remove(s->engine, "p-db-1", true, true));
	assert_int_equal(run(s, &seen, 0), -ERR_NOT_FOUND);
	assert_non_null(strstr(s->err.msg, "service \"db\" has no container"));
	strv_done(&seen.lines);
}

static void cancelled(void **state)
{
	struct scene *s = *state;
	struct seen seen = { .cancel_at = "wait for db running" };

	fake_on_start(s->engine, "db", HEALTH_STARTING, false, 0);
	assert_int_equal(up(s, &seen, HEALTHY), -ERR_CANCELLED);
	assert_true(saw(&seen, "wait for db cancelled"));
	assert_true(saw(&seen, "start p-web-1 cancelled"));
	strv_done(&seen.lines);
}

static void a_replacement_is_finished(void **state)
{
	struct scene *s = *state;
	struct seen seen = { .cancel_at = "recreate p-db-1 running" };

	scene_up(s, "services:\n  db: {image: b, network_mode: none}\n");
	assert_int_equal(up(s, &seen, "services:\n  db: {image: b, network_mode: none, user: u}\n"),
			 -ERR_CANCELLED);
	scene_observe(s);
	assert_int_equal(s->world.containers.n, 1);
	assert_string_equal(s->world.containers.v[0].name, "p-db-1");
	strv_done(&seen.lines);
}

static char *many(unsigned n)
{
	autobuf text;

	buf_init(&text, BUF_MAX_ANY);
	buf_adds(&text, "services:\n");
	for (unsigned i = 0; i < n; i++)
		buf_addf(&text, "  s%u: {image: 'i%u', network_mode: none}\n", i, i);
	return buf_steal(&text);
}

static void limits(void **state)
{
	struct scene *s = *state;
	struct seen seen = { .counted = STEP_IMAGE_PULL };
	autofree char *text = many(40);

	for (unsigned i = 0; i < 40; i++) {
		autofree char *ref = xprintf("i%u", i);

		fake_offer_image(s->engine, ref, "sha256:1111");
	}
	scene_load(s, text);
	assert_int_equal(scene_plan_up(s), 0);
	assert_int_equal(run(s, &seen, 3), 0);
	assert_int_equal(seen.most, 3);
	strv_done(&seen.lines);
}

static void a_run_of_nothing(void **state)
{
	struct scene *s = *state;
	struct seen seen = { 0 };

	scene_load(s, "services:\n  web: {image: a, scale: 0, network_mode: none}\n");
	assert_int_equal(scene_plan_up(s), 0);
	assert_int_equal(s->plan->steps.n, 0);
	assert_int_equal(run(s, &seen, 0), 0);
	strv_done(&seen.lines);
}

static void anonymous_volumes_go_over(void **state)
{
	struct scene *s = *state;
	autofree char *before = NULL;

	scene_up(s, "services:\n  db: {image: b, volumes: [/x, named:/n]}\nvolumes: {named: }\n");
	scene_observe(s);
	before = xstrdup(scene_container(s, "p-db-1")->mounts.v[0].name);
	scene_up(s, "services:\n  db: {image: b, volumes: [/x]}\nvolumes: {named: }\n");
	scene_observe(s);
	assert_int_equal(scene_container(s, "p-db-1")->mounts.n, 1); /* named: no more */
	assert_string_equal(scene_container(s, "p-db-1")->mounts.v[0].name, before);
	s->up.renew_anon_volumes = true;
	s->up.recreate = RECREATE_FORCE;
	assert_int_equal(scene_plan_up(s), 0);
	assert_int_equal(scene_run(s), 0);
	scene_observe(s);
	assert_string_not_equal(scene_container(s, "p-db-1")->mounts.v[0].name, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(failure_cancels_dependants),
		scene_test(optional_dependency),
		scene_test(waits_for_health),
		scene_test(unhealthy),
		scene_test(exits_while_waited_for),
		scene_test(no_healthcheck),
		scene_test(completed),
		scene_test(no_container),
		scene_test(cancelled),
		scene_test(a_replacement_is_finished),
		scene_test(limits),
		scene_test(a_run_of_nothing),
		scene_test(anonymous_volumes_go_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
