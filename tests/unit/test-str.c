/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "util/str.h"
#include "util/utf8.h"

static void test_cut(void **state)
{
	struct str head, tail;

	assert_true(str_cut(STR("a=b=c"), '=', &head, &tail));
	assert_true(str_eq(head, "a") && str_eq(tail, "b=c"));
	assert_true(str_rcut(STR("a=b=c"), '=', &head, &tail));
	assert_true(str_eq(head, "a=b") && str_eq(tail, "c"));
	assert_true(str_cut(STR("a="), '=', &head, &tail));
	assert_true(str_eq(head, "a") && str_eq(tail, ""));
	assert_false(str_cut(STR("abc"), '=', &head, &tail));
	assert_true(str_eq(head, "abc") && str_eq(tail, ""));
	assert_false(str_cut((struct str){ NULL, 0 }, '=', &head, &tail));
	assert_true(str_eq(head, "") && str_eq(tail, ""));
}

static void test_prefixes(void **state)
{
	assert_true(str_starts(STR("abc"), "ab") && !str_starts(STR("a"), "ab"));
	assert_true(str_ends(STR("abc"), "bc") && !str_ends(STR("c"), "bc"));
	assert_true(starts_with("abc", "") && ends_with("abc", ""));
	assert_string_equal(skip_prefix("key=1", "key="), "1");
	assert_null(skip_prefix("ke", "key="));
	assert_true(str_eq(str_trim(STR(" \t\v x y \r\n")), "x y"));
	assert_true(str_eq(str_trim(STR("  ")), ""));
	assert_true(str_eq(str_skip(STR("ab"), 9), ""));
	assert_text(str_lower("ÄBC"), "Äbc");
	assert_true(streq0(NULL, NULL) && !streq0("a", NULL) && streq0("a", "a"));
}

static void test_utf8(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {
		{ "", true },
		{ "plain", true },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x8b", true },
		{ "\xf4\x8f\xbf\xbf", true },  /* the last one */
		{ "\xf4\x90\x80\x80", false }, /* beyond it */
		{ "\xc0\xaf", false },	       /* overlong / */
		{ "\xe0\x80\xaf", false },     /* overlong / */
		{ "\xf0\x80\x80\xaf", false }, /* overlong / */
		{ "\xed\xa0\x80", false },     /* surrogate */
		{ "\xed\x9f\xbf", true },      /* just before them */
		{ "\x80", false },	       /* no lead */
		{ "\xc3", false },	       /* cut */
		{ "\xe2\x82", false },	       /* cut */
		{ "\xe2\x28\xa1", false },     /* no continuation */
		{ "\xff\xfe", false },
	};
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (utf8_valid(str_of(cases[i].text)) != cases[i].valid)
			fail_msg("case %zu", i);
	assert_true(utf8_valid((struct str){ "a\0b", 3 }));
	assert_int_equal(utf8_decode(STR("\xe2\x82\xac"), &n), 0x20ac);
	assert_int_equal(n, 3);
	assert_int_equal(utf8_decode(STR("\xe2\x82"), &n), 0xfffd);
	assert_int_equal(n, 1);
}

static void test_nearest(void **state)
{
	static const char *const names[] = { "image", "build",	    "environment",
					     "ports", "depends_on", NULL };

	assert_string_equal(nearest_name("imgae", names), "image");
	assert_string_equal(nearest_name("enviroment", names), "environment");
	assert_string_equal(nearest_name("Ports", names), "ports");
	assert_string_equal(nearest_name("port", names), "ports");
	assert_string_equal(nearest_name("depends-on", names), "depends_on");
	assert_null(nearest_name("volumes", names));
	assert_null(nearest_name("", names));
	assert_null(nearest_name("x", (const char *const[]){ "y", NULL }));
	assert_null(nearest_name(
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", names));
}

static void test_glob(void **state)
{
	static const struct {
		const char *pattern, *text;
		int answer; /* -1: bad */
	} cases[] = {
		{ "abc", "abc", 1 },
		{ "*", "abc", 1 },
		{ "*c", "abc", 1 },
		{ "a*", "a", 1 },
		{ "a*", "abc", 1 },
		{ "a*", "ab/c", 0 },
		{ "a*/b", "abc/b", 1 },
		{ "a*/b", "a/c/b", 0 },
		{ "*a/*b", "xa/yab", 1 },
		{ "a*b*c*d*e*/f", "axbxcxdxe/f", 1 },
		{ "a*b*c*d*e*/f", "axbxcxdxexxx/fff", 0 },
		{ "a*b?c*x", "abxbbxdbxebxczzx", 1 },
		{ "a*b?c*x", "abxbbxdbxebxczzy", 0 },
		{ "ab[c]", "abc", 1 },
		{ "ab[b-d]", "abc", 1 },
		{ "ab[e-g]", "abc", 0 },
		{ "ab[^c]", "abc", 0 },
		{ "ab[^e-g]", "abc", 1 },
		{ "a\\*b", "a*b", 1 },
		{ "a\\*b", "ab", 0 },
		{ "a?b",
		  "a\xe2\x98\xba"
		  "b",
		  1 },
		{ "a[^a]b",
		  "a\xe2\x98\xba"
		  "b",
		  1 },
		{ "a???b",
		  "a\xe2\x98\xba"
		  "b",
		  0 },
		{ "[a-\xce\xb6]*", "\xce\xb1", 1 },
		{ "*[a-\xce\xb6]", "A", 0 },
		{ "a?b", "a/b", 0 },
		{ "a*b", "a/b", 0 },
		{ "[\\]a]", "]", 1 },
		{ "[\\-]", "-", 1 },
		{ "[x\\-]", "x", 1 },
		{ "[x\\-]", "z", 0 },
		{ "[\\-x]", "a", 0 },
		{ "[]a]", "]", -1 },
		{ "[-]", "-", -1 },
		{ "[x-]", "x", -1 },
		{ "[x-]", "z", -1 },
		{ "[-x]", "x", -1 },
		{ "\\", "a", -1 },
		{ "[a-b-c]", "a", -1 },
		{ "[", "a", -1 },
		{ "[^", "a", -1 },
		{ "[^bc", "a", -1 },
		{ "a[", "a", -1 },
		{ "a[", "x", -1 },
		{ "a/b[", "x", -1 },
		{ "*x", "xxx", 1 },
		{ "", "", 1 },
		{ "", "x", 0 },
		{ "**", "", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (glob_match(cases[i].pattern, cases[i].text) != cases[i].answer)
			fail_msg("%s on %s", cases[i].pattern, cases[i].text);
}

/* What takes others hours must not take us any time. */
static void test_glob_does_not_explode(void **state)
{
	char pattern[2 * 64 + 2] = "", text[4096];

	for (int i = 0; i < 64; i++) {
		pattern[2 * i] = '*';
		pattern[2 * i + 1] = 'a';
	}
	pattern[128] = 'b';
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(glob_match(pattern, text), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),  cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_utf8), cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_glob), cmocka_unit_test(test_glob_does_not_explode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
