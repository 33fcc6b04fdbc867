/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "util/num.h"

static void test_integers(void **state)
{
	uint64_t u;
	int64_t i;

	assert_int_equal(num_parse_u64(STR("18446744073709551615"), UINT64_MAX, &u), 0);
	assert_true(u == UINT64_MAX);
	assert_true(num_parse_u64(STR("18446744073709551616"), UINT64_MAX, &u) < 0);
	assert_true(num_parse_u64(STR("65536"), 65535, &u) < 0);
	assert_int_equal(num_parse_u64(STR("65535"), 65535, &u), 0);
	assert_int_equal(num_parse_u64(STR("007"), 10, &u), 0);
	assert_true(num_parse_u64(STR(""), 10, &u) < 0);
	assert_true(num_parse_u64(STR("+1"), 10, &u) < 0);
	assert_true(num_parse_u64(STR("-1"), 10, &u) < 0);
	assert_true(num_parse_u64(STR("1 "), 10, &u) < 0);
	assert_true(num_parse_u64(STR("0x1"), 10, &u) < 0);
	assert_int_equal(num_parse_i64(STR("-9223372036854775808"), INT64_MIN, INT64_MAX, &i), 0);
	assert_true(i == INT64_MIN);
	assert_int_equal(num_parse_i64(STR("9223372036854775807"), INT64_MIN, INT64_MAX, &i), 0);
	assert_true(i == INT64_MAX);
	assert_true(num_parse_i64(STR("9223372036854775808"), INT64_MIN, INT64_MAX, &i) < 0);
	assert_true(num_parse_i64(STR("--1"), -5, 5, &i) < 0);
	assert_true(num_parse_i64(STR("-"), -5, 5, &i) < 0);
	assert_true(num_parse_i64(STR("-6"), -5, 5, &i) < 0);
}

static void test_doubles(void **state)
{
	static const char *const bad[] = { "",	  ".",	"e5", "1e",    "0x10", "inf",  "nan",
					   "1,5", " 1", "1 ", "1e999", "--1",  "1.2.3" };
	double v;

	assert_int_equal(num_parse_double(STR("-1.5e2"), &v), 0);
	assert_true(v > -150.001 && v < -149.999);
	assert_int_equal(num_parse_double(STR(".5"), &v), 0);
	assert_int_equal(num_parse_double(STR("5."), &v), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!num_parse_double(str_of(bad[i]), &v))
			fail_msg("%s", bad[i]);
}

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} good[] = {
		{ "0", 0 },
		{ "32", 32 },
		{ "32b", 32 },
		{ "32B", 32 },
		{ "32k", 32 * 1024 },
		{ "32kb", 32 * 1024 },
		{ "32Kib", 32 * 1024 },
		{ "64KiB", 64 * 1024 },
		{ "1.5g", 1610612736 },
		{ "10 MB", 10485760 },
		{ "0.5 k", 512 },
		{ ".5k", 512 },
		{ "1e3", 1000 },
		{ "2t", 2199023255552 },
		{ "1p", 1125899906842624 },
		{ "32.3", 32 },
		{ "-1", -1 },
	};
	static const char *const bad[] = { "",	    "k",     "hello", "-32",  "-1k",	" 32",
					   "32  k", "32kbb", "32kx",  "32bb", "32kiba", "1x",
					   "8192p", "1e300", "1..5",  "0x10" };
	int64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_ok(num_parse_size(good[i].text, &v, &err));
		if (v != good[i].value)
			fail_msg("%s gives %lld", good[i].text, (long long)v);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_fails(ERR_INVALID, num_parse_size(bad[i], &v, &err));
}

static void test_format_size(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} cases[] = {
		{ 0, "0B" },	      { 999, "999B" },	       { 1000, "1kB" },
		{ 1024, "1.02kB" },   { 999499, "999kB" },     { 999999, "1MB" },
		{ 1500000, "1.5MB" }, { 7800000000, "7.8GB" }, { UINT64_MAX, "18.4EB" },
	};
	char out[NUM_SIZE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(num_format_size(cases[i].n, out), cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_format_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
