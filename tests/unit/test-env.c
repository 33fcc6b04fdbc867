/* SPDX-License-Identifier: Apache-2.0 */
/* The places of the installation, and what errors look like. */
#include "unit.h"

#include "util/env.h"
#include "util/io.h"

#include <errno.h>
#include <unistd.h>

static void test_dirs(void **state)
{
	setenv("COMPOSE_STATE_DIR", "/x/../y/", 1);
	setenv("COMPOSE_RUN_DIR", "/r", 1);
	assert_text(env_state_dir(), "/y");
	assert_text(env_run_dir(), "/r");
	setenv("COMPOSE_STATE_DIR", "", 1);
	unsetenv("COMPOSE_RUN_DIR");
	assert_null(env_get("COMPOSE_STATE_DIR"));
	if (!geteuid()) {
		assert_text(env_state_dir(), "/var/lib/compose");
		assert_text(env_run_dir(), "/run/compose");
	}
}

static void test_helper(void **state)
{
	autofree char *path = path_join(*state, "compose-nothing"), *found = NULL;
	struct error why = ERROR_INIT;

	unsetenv("COMPOSE_LIBEXEC_DIR");
	assert_int_equal(env_helper("compose-nothing", &found, &why), -ERR_NOT_FOUND);
	assert_non_null(strstr(why.msg, "COMPOSE_LIBEXEC_DIR"));
	assert_non_null(strstr(why.msg, PKG_LIBEXECDIR "/compose-nothing"));
	setenv("COMPOSE_LIBEXEC_DIR", *state, 1);
	assert_fails(ERR_NOT_FOUND, env_helper("compose-nothing", &found, &err));
	assert_ok(io_replace(AT_FDCWD, path, "", 0, 0755, &err));
	assert_ok(env_helper("compose-nothing", &found, &err));
	assert_string_equal(found, path);
	unsetenv("COMPOSE_LIBEXEC_DIR");
}

/* In the build directory helpers lie beside us. */
static void test_helper_beside_us(void **state)
{
	char exe[4096] = "";
	autofree char *own = NULL, *found = NULL;

	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	own = path_base(exe);
	assert_ok(env_helper(own, &found, &err));
	assert_string_equal(found, exe);
}

static void test_errors(void **state)
{
	struct error err = ERROR_INIT;

	errno = ENOSPC;
	assert_int_equal(error_sys(&err, "write %s", "x"), -ERR_NO_SPACE);
	assert_string_equal(err.msg, "write x: No space left on device");
	assert_int_equal(err.sys, ENOSPC);
	assert_int_equal(error_wrap(&err, "pull %s", "redis:7"), -ERR_NO_SPACE);
	assert_string_equal(err.msg, "pull redis:7: write x: No space left on device");
	error_at(&err, "a.yaml", 3, 7);
	error_at(&err, "b.yaml", 1, 1);
	assert_string_equal(err.pos.file, "a.yaml");
	assert_int_equal(err.pos.line, 3);
	for (int i = 0; i < 3000; i++)
		error_wrap(&err, "longer and longer");
	assert_true(strlen(err.msg) < sizeof(err.msg));
	assert_int_equal(error_set(NULL, ERR_LIMIT, "nobody asks"), -ERR_LIMIT);
	assert_int_equal(error_sys_from(NULL, ENOENT, "nobody asks"), -ERR_NOT_FOUND);
	for (int i = 1; i < ERR_COUNT_; i++)
		assert_string_not_equal(err_code_name((enum err_code)i), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dirs),
		unit_test_in_dir(test_helper),
		cmocka_unit_test(test_helper_beside_us),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
