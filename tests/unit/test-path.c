/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

/* The rules of Go's path/filepath. */

static void test_clean(void **state)
{
	static const char *const cases[][2] = {
		{ "abc", "abc" },
		{ "abc/def", "abc/def" },
		{ "a/b/c", "a/b/c" },
		{ ".", "." },
		{ "..", ".." },
		{ "../..", "../.." },
		{ "../../abc", "../../abc" },
		{ "/abc", "/abc" },
		{ "/", "/" },
		{ "", "." },
		{ "abc/", "abc" },
		{ "abc/def/", "abc/def" },
		{ "./", "." },
		{ "../", ".." },
		{ "../../", "../.." },
		{ "/abc/", "/abc" },
		{ "abc//def//ghi", "abc/def/ghi" },
		{ "//abc", "/abc" },
		{ "///abc", "/abc" },
		{ "//abc//", "/abc" },
		{ "abc//", "abc" },
		{ "abc/./def", "abc/def" },
		{ "/./abc/def", "/abc/def" },
		{ "abc/.", "abc" },
		{ "abc/def/ghi/../jkl", "abc/def/jkl" },
		{ "abc/def/../ghi/../jkl", "abc/jkl" },
		{ "abc/def/..", "abc" },
		{ "abc/def/../..", "." },
		{ "/abc/def/../..", "/" },
		{ "abc/def/../../..", ".." },
		{ "/abc/def/../../..", "/" },
		{ "abc/def/../../../ghi/jkl/../../../mno", "../../mno" },
		{ "/../abc", "/abc" },
		{ "a/../b:/../../c", "../c" },
		{ "abc/./../def", "def" },
		{ "abc//./../def", "def" },
		{ "abc/../../././../def", "../../def" },
		{ "...", "..." },
		{ "a/..b", "a/..b" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_text(path_clean(cases[i][0]), cases[i][1]);
}

static void test_join(void **state)
{
	assert_text(path_join("a", "b"), "a/b");
	assert_text(path_join("a", ""), "a");
	assert_text(path_join("", "b"), "b");
	assert_text(path_join("", ""), "");
	assert_text(path_join("/", "a"), "/a");
	assert_text(path_join("/", ""), "/");
	assert_text(path_join("a/", "/b/"), "a/b");
	assert_text(path_join("/a", "../../b"), "/b");
	assert_text(path_absolute("/a", "b/../c"), "/a/c");
	assert_text(path_absolute("/a", "/b/"), "/b/");
}

static void test_dir_and_base(void **state)
{
	static const char *const cases[][3] = {
		{ "", ".", "." },
		{ ".", ".", "." },
		{ "/.", "/", "." },
		{ "/", "/", "/" },
		{ "////", "/", "/" },
		{ "/foo", "/", "foo" },
		{ "x/", "x", "x" },
		{ "abc", ".", "abc" },
		{ "abc/def", "abc", "def" },
		{ "a/b/.x", "a/b", ".x" },
		{ "a/b/c.", "a/b", "c." },
		{ "a//b//", "a/b", "b" },
		{ "//foo//bar", "/foo", "bar" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_text(path_dir(cases[i][0]), cases[i][1]);
		assert_text(path_base(cases[i][0]), cases[i][2]);
	}
}

static void test_below(void **state)
{
	assert_string_equal(path_below("/a", "/a/b/c"), "b/c");
	assert_string_equal(path_below("/a", "/a"), ".");
	assert_string_equal(path_below("/", "/a"), "a");
	assert_string_equal(path_below("/", "/"), ".");
	assert_null(path_below("/a", "/ab"));
	assert_null(path_below("/a/b", "/a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_dir_and_base),
		cmocka_unit_test(test_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
