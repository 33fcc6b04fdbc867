/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/ignore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct ignore *load(const char *text)
{
	struct ignore *ig = NULL;
	struct error err = ERROR_INIT;

	if (ignore_parse(".dockerignore", str_of(text), &ig, &err) < 0)
		print_message("%s\n", err.msg);
	assert_non_null(ig);
	return ig;
}

static void test_match(void **state)
{
	static const struct {
		const char *patterns, *path;
		bool match;
	} cases[] = {
		{ "*.txt", "a.txt", true },
		{ "*.txt", "d/a.txt", false },
		{ "**/*.txt", "d/e/a.txt", true },
		{ "**/*.txt", "a.txt", true },
		{ "tmp", "tmp/x/y", true },
		{ "tmp", "atmp", false },
		{ "/foobar", "foobar", true },
		{ "foo/", "foo/x", true },
		{ "./a.txt", "a.txt", true },
		{ "  README.md  ", "README.md", true },
		{ "# c\n", "# c", false },
		{ "*\n!src", "src/x", false },
		{ "*\n!src\nsrc/tmp", "src/tmp", true },
		{ "*.md\n!README*.md", "README.md", false },
		{ "!README.md\n*.md", "README.md", true },
		{ "**", "a/b", true },
		{ "src/**/b.txt", "src/b.txt", true },
		{ "src/**/b.txt", "src/x/y/b.txt", true },
		{ "**/deep/**", "a/deep/x", true },
		{ "**/deep/**", "deep/x", true },
		{ "src/**", "src/x", true },
		{ "src/**", "src", false },
		{ "?.txt", "a.txt", true },
		{ "?.txt", "ä.txt", true },
		{ "?.txt", "ab.txt", false },
		{ "[R]*.md", "README.md", true },
		{ "[a-c]x", "bx", true },
		{ "[^a-c]x", "bx", false },
		{ "*/node_modules", "a/node_modules/b", true },
		{ "a\\*b", "a*b", true },
		{ "a\\*b", "axb", false },
		{ "*/*/y", "a/b/y", true },
		{ "a.b", "axb", false },
		{ "a+b", "a+b", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autocall(ignore_freep) struct ignore *ig = load(cases[i].patterns);

		if (ignore_match(ig, cases[i].path) != cases[i].match)
			fail_msg("%s against %s", cases[i].path, cases[i].patterns);
	}
}

static void test_walk(void **state)
{
	autocall(ignore_freep) struct ignore *ig = load("**\n!src/deep/*.go\n!.env");
	bool src[3], deep[3], file[3];

	assert_true(ignore_match_below(ig, "src", NULL, src));
	assert_true(ignore_match_below(ig, "src/deep", src, deep));
	assert_false(ignore_match_below(ig, "src/deep/c.go", deep, file));
	assert_true(ignore_match_below(ig, "src/deep/c.c", deep, file));
	assert_false(ignore_match(ig, ".env"));
	assert_true(ignore_has_exceptions(ig));
}

static void test_bad(void **state)
{
	static const char *const bad[] = { "[", "a[b", "!", "x/[a-" };
	struct ignore *ig = NULL;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(ignore_parse("f", str_of(bad[i]), &ig, NULL), -ERR_INVALID);
	assert_int_equal(ignore_parse("f", STR("ok\n\n["), &ig, &err), -ERR_INVALID);
	assert_int_equal(err.pos.line, 3);
	assert_string_equal(err.pos.file, "f");
}

/* A pattern of many stars is as quick as another. */
static void test_stars(void **state)
{
	autobuf path = { 0 };
	autocall(ignore_freep) struct ignore *ig = load(
		"**/*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b");

	buf_init(&path, BUF_MAX_ANY);
	buf_addn(&path, 'a', 4000);
	assert_false(ignore_match(ig, path.p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_stars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
