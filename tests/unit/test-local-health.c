/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "engine/local/health.h"
#include "engine/local/status.h"
#include "util/time.h"

static void back_off(void **state)
{
	static const int64_t want[] = { 100,  200,   400,   800,   1600,  3200,
					6400, 12800, 25600, 51200, 60000, 60000 };
	int64_t delay = 0;

	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		delay = restart_delay(delay, NSEC_PER_SEC);
		assert_int_equal(delay, want[i] * NSEC_PER_MSEC);
	}
	assert_int_equal(restart_delay(delay, 10 * NSEC_PER_SEC), 100 * NSEC_PER_MSEC);
}

static void policies(void **state)
{
	assert_false(restart_due(RESTART_NO, 0, 1, 0, false));
	assert_true(restart_due(RESTART_ALWAYS, 0, 0, 100, false));
	assert_false(restart_due(RESTART_ALWAYS, 0, 0, 0, true));
	assert_true(restart_due(RESTART_UNLESS_STOPPED, 0, 137, 0, false));
	assert_false(restart_due(RESTART_ON_FAILURE, 0, 0, 0, false));
	assert_true(restart_due(RESTART_ON_FAILURE, 0, 1, 1000, false));
	assert_true(restart_due(RESTART_ON_FAILURE, 3, 1, 2, false));
	assert_false(restart_due(RESTART_ON_FAILURE, 3, 1, 3, false));
}

static void defaults(void **state)
{
	struct healthcheck h = { 0 };
	struct healthcheck_times t = health_times(&h);

	assert_int_equal(t.interval, 30 * NSEC_PER_SEC);
	assert_int_equal(t.timeout, 30 * NSEC_PER_SEC);
	assert_int_equal(t.retries, 3);
	assert_false(health_wanted(NULL));
	assert_false(health_wanted(&h));
	strv_push(&h.test, "NONE");
	assert_false(health_wanted(&h));
	strv_done(&h.test);
}

static void probes(void **state)
{
	struct healthcheck_times t = {
		.interval = 30, .start_interval = 5, .start_period = 100, .retries = 2
	};
	struct health_status h = { .health = HEALTH_STARTING };

	/* While it starts a failure counts for nothing. */
	assert_int_equal(health_next(&t, 0, &h), 5);
	for (int i = 0; i < 5; i++)
		health_probed(&t, 50, false, &h);
	assert_int_equal(h.health, HEALTH_STARTING);
	assert_int_equal(h.streak, 0);
	/* A success ends the start, whatever is left of it. */
	health_probed(&t, 60, true, &h);
	assert_int_equal(h.health, HEALTH_HEALTHY);
	assert_int_equal(health_next(&t, 60, &h), 30);
	health_probed(&t, 70, false, &h);
	assert_int_equal(h.health, HEALTH_HEALTHY);
	health_probed(&t, 80, false, &h);
	assert_int_equal(h.health, HEALTH_UNHEALTHY);
	health_probed(&t, 90, true, &h);
	assert_int_equal(h.health, HEALTH_HEALTHY);
	/* After the start period failures count, and it stays "starting" until there are enough. */
	h = (struct health_status){ .health = HEALTH_STARTING };
	health_probed(&t, 100, false, &h);
	assert_int_equal(h.health, HEALTH_STARTING);
	health_probed(&t, 130, false, &h);
	assert_int_equal(h.health, HEALTH_UNHEALTHY);
}

#define ID "0123456789012345678901234567890123456789012345678901234567890123"

static void files(void **state)
{
	struct health_status h = { .started = 5,
				   .health = HEALTH_UNHEALTHY,
				   .streak = 3,
				   .restarting = true,
				   .delay = 7,
				   .log = "two\nlines=x" },
			     got = { 0 };
	struct status s = { .state = RUN_EXITED,
			    .pid_start = 9,
			    .started = 1,
			    .finished = 2,
			    .restarts = 3,
			    .code = 137,
			    .oom = true,
			    .error = "why" },
		      back = { 0 };
	autoclose int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(health_read(dir, ID, &got), 0);
	assert_ok(health_write(dir, ID, &h, &err));
	assert_int_equal(health_read(dir, ID, &got), 1);
	assert_int_equal(got.health, HEALTH_UNHEALTHY);
	assert_true(got.restarting && got.streak == 3 && got.delay == 7 && got.started == 5);
	assert_string_equal(got.log, "two lines=x");
	assert_int_equal(status_read(dir, ID, &back, NULL), 0);
	assert_ok(status_write(dir, ID, &s, true, &err));
	assert_int_equal(status_read(dir, ID, &back, NULL), 1);
	assert_memory_equal(&s, &back, sizeof(s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(back_off), cmocka_unit_test(policies), cmocka_unit_test(defaults),
		cmocka_unit_test(probes),   unit_test_in_dir(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
