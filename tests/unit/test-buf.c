/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "util/buf.h"

static void test_grows_and_ends_in_nul(void **state)
{
	autobuf b;

	buf_init(&b, 100000);
	assert_string_equal(b.p, "");
	for (int i = 0; i < 10000; i++)
		assert_int_equal(buf_addc(&b, 'x'), 0);
	assert_int_equal(b.len, 10000);
	assert_int_equal(strlen(b.p), 10000);
	buf_reset(&b);
	assert_string_equal(b.p, "");
}

static void test_limit_is_exact_and_sticks(void **state)
{
	autobuf b;

	buf_init(&b, 4);
	assert_int_equal(buf_adds(&b, "abcd"), 0);
	assert_int_equal(buf_adds(&b, ""), 0);
	assert_int_equal(buf_adds(&b, "e"), -ERR_LIMIT);
	assert_string_equal(b.p, "abcd");
	buf_truncate(&b, 1);
	assert_int_equal(buf_adds(&b, "b"), -ERR_LIMIT);
	assert_fails(ERR_LIMIT, buf_check(&b, "it", &err));
	buf_reset(&b);
	assert_int_equal(buf_adds(&b, "b"), 0);
	assert_ok(buf_check(&b, "it", &err));
}

static void test_overflowing_sizes(void **state)
{
	autobuf b;

	buf_init(&b, SIZE_MAX);
	assert_int_equal(buf_adds(&b, "abc"), 0);
	assert_null(buf_reserve(&b, SIZE_MAX));
	buf_reset(&b);
	assert_null(buf_reserve(&b, SIZE_MAX - 2));
}

static void test_edit(void **state)
{
	autobuf b;

	buf_init(&b, 100);
	buf_addf(&b, "%s-%d", "a", 7);
	buf_insert(&b, 0, "<", 1);
	buf_insert(&b, b.len, ">", 1);
	buf_insert(&b, 2, "BC", 2);
	assert_string_equal(b.p, "<aBC-7>");
	buf_consume(&b, 3);
	assert_string_equal(b.p, "C-7>");
	buf_consume(&b, 100);
	assert_int_equal(b.len, 0);
	buf_addn(&b, '=', 3);
	assert_text(buf_steal(&b), "===");
	assert_text(buf_steal(&b), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows_and_ends_in_nul),
		cmocka_unit_test(test_limit_is_exact_and_sticks),
		cmocka_unit_test(test_overflowing_sizes),
		cmocka_unit_test(test_edit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
