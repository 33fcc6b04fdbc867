/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka, and what most unit tests want beside it. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

/* An answer of 0 or more; shows the message otherwise. */
#define assert_ok(call)                                             \
	do {                                                        \
		struct error err = ERROR_INIT;                      \
		int r_ = (call);                                    \
		if (r_ < 0)                                         \
			fail_msg("%s: %d: %s", #call, r_, err.msg); \
	} while (0)

/* The call uses a variable `err`, which it has not to declare. */
#define assert_fails(code_, call)                                                                  \
	do {                                                                                       \
		struct error err = ERROR_INIT;                                                     \
		int r_ = (call);                                                                   \
		if (r_ != -(code_))                                                                \
			fail_msg("%s: %d (%s), not %s", #call, r_, err.msg, err_code_name(code_)); \
		assert_int_equal(err.code, code_);                                                 \
		assert_true(err.msg[0]);                                                           \
	} while (0)

/* A string that is owned by nobody else: compared and freed. */
#define assert_text(call, expected)                     \
	do {                                            \
		char *text_ = (call);                   \
		assert_string_equal(text_, (expected)); \
		free(text_);                            \
	} while (0)

/* A directory of the test's own: for cmocka_unit_test_setup_teardown(), *state is its path. */
static inline int unit_dir_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = xprintf("%s/compose-unit-XXXXXX", tmp ? tmp : "/tmp");

	*state = mkdtemp(dir);
	return *state ? 0 : -1;
}

static inline int unit_dir_teardown(void **state)
{
	int r = path_remove_tree(AT_FDCWD, *state, NULL);

	free(*state);
	return r;
}

#define unit_test_in_dir(f) cmocka_unit_test_setup_teardown(f, unit_dir_setup, unit_dir_teardown)

#endif
