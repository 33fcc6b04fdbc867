/* SPDX-License-Identifier: Apache-2.0 */
/* What names of repositories and URLs mean, and .gitmodules, which come from others. */
#include "builder/git/modules.h"
#include "builder/git/origin.h"
#include "builder/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_kind(void **state)
{
	static const struct {
		const char *text;
		char kind; /* g git, h a URL, p a path */
	} cases[] = {
		{ "https://h/x.git", 'g' },
		{ "https://h/x.git#main:d", 'g' },
		{ "http://h/x.git?ref=y", 'g' },
		{ "HTTPS://h/x.git", 'g' },
		{ "git://h/x", 'g' },
		{ "ssh://git@h/x", 'g' },
		{ "git@h:x/y", 'g' },
		{ "me@h.example:x", 'g' },
		{ "https://h/x", 'h' },
		{ "http://h/x.tar?y.git", 'h' },
		{ "https://h/x#a.git", 'h' },
		{ "x@y", 'p' },
		{ "./x.git", 'p' },
		{ "dir/x@y:z", 'p' },
		{ "ftp://h/x.git", 'p' },
		{ "", 'p' },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(source_is_git(cases[i].text), cases[i].kind == 'g');
		assert_int_equal(source_is_http(cases[i].text), cases[i].kind == 'h');
	}
}

static void test_git(void **state)
{
	static const struct {
		const char *text, *url, *ref, *subdir, *checksum;
		bool keep, bare;
	} cases[] = {
		{ "https://h/x.git", "https://h/x.git", NULL, NULL, NULL },
		{ "https://h/x.git#v1", "https://h/x.git", "v1", NULL, NULL },
		{ "https://h/x.git#v1:a/b", "https://h/x.git", "v1", "a/b", NULL },
		{ "https://h/x.git#:a/../../b/", "https://h/x.git", NULL, "b", NULL },
		{ "https://h/x.git#:/", "https://h/x.git", NULL, NULL, NULL },
		{ "git@h:x.git#a%2Fb", "git@h:x.git", "a/b", NULL, NULL },
		{ "https://h/x.git?ref=a&subdir=b%2fc", "https://h/x.git", "a", "b/c", NULL },
		{ "https://h/x.git?branch=a", "https://h/x.git", "refs/heads/a", NULL, NULL },
		{ "https://h/x.git?tag=refs/tags/a", "https://h/x.git", "refs/tags/a", NULL, NULL },
		{ "https://h/x.git?ref=a#a", "https://h/x.git", "a", NULL, NULL },
		{ "https://h/x.git?commit=0a1&keep-git-dir", "https://h/x.git", NULL, NULL, "0a1",
		  true },
		{ "https://h/x.git?submodules=0", "https://h/x.git", NULL, NULL, NULL, false,
		  true },
		{ "https://h/x.git?mtime=commit&keep-git-dir=false", "https://h/x.git", NULL, NULL,
		  NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct git_source s = { 0 };

		assert_int_equal(git_source_parse(cases[i].text, &s, NULL), 0);
		assert_string_equal(s.url, cases[i].url);
		assert_true(streq0(s.ref, cases[i].ref));
		assert_true(streq0(s.subdir, cases[i].subdir));
		assert_true(streq0(s.checksum, cases[i].checksum));
		assert_int_equal(s.keep_git, cases[i].keep);
		assert_int_equal(s.no_submodules, cases[i].bare);
		git_source_done(&s);
	}
}

static void test_git_bad(void **state)
{
	static const char *const cases[] = {
		"https://h/x.git?ref=a#b",	   "https://h/x.git?ref=",
		"https://h/x.git?ref=a&ref=a",	   "https://h/x.git?branch=a&tag=a",
		"https://h/x.git?nosuch=a",	   "https://h/x.git?submodules=perhaps",
		"https://h/x.git?commit=xyz",	   "https://h/x.git?mtime=now",
		"https://h/x.git?fetch-by-commit", "https://h/x.git?commit=0a&fetch-by-commit=1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct git_source s = { 0 };

		assert_int_equal(git_source_parse(cases[i], &s, NULL), -ERR_INVALID);
		assert_null(s.url);
	}
}

static void test_url_name(void **state)
{
	static const char *const cases[][2] = {
		{ "http://h/a/b.txt?x#y", "b.txt" },
		{ "http://h/a%20b", "a b" },
		{ "http://h", "__unnamed__" },
		{ "http://h/", "__unnamed__" },
		{ "http://h/d/", "d" },
		{ "http://h/a%2Fb", "b" },
		{ "http://h/..", "__unnamed__" },
		{ "http://h/x%", "x%" },
		{ "http://h/x%00y", "x%00y" },
		{ "http://h/%2e%2e", "__unnamed__" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *name = source_url_name(cases[i][0]);

		assert_string_equal(name, cases[i][1]);
	}
}

static void test_shown(void **state)
{
	autofree char *a = source_shown("https://me:secret@h/x.git#a@b");
	autofree char *b = source_shown("git@h:x");
	autofree char *c = origin_shown("https://me:secret@h/a@b");

	assert_string_equal(a, "https://h/x.git#a@b");
	assert_string_equal(b, "git@h:x");
	assert_string_equal(c, "https://h/a@b");
}

static void test_origin(void **state)
{
	static const struct {
		const char *base, *url, *want; /* want NULL: refused */
	} cases[] = {
		{ "https://h/a/b.git", "../c.git", "https://h/a/c.git" },
		{ "https://h/a/b.git/", "./c", "https://h/a/b.git/c" },
		{ "https://h/a/b.git", "../../c", "https://h/c" },
		{ "https://h/a/b.git", "../../../c", NULL },
		{ "git@h:a/b.git", "../c.git", "git@h:a/c.git" },
		{ "git@h:b.git", "../c.git", "git@h:c.git" },
		{ "git@h:b.git", "../../c.git", NULL },
		{ "https://h/a", "ssh://git@h/x", "ssh://git@h/x" },
		{ "https://h/a", "git@h:x", "git@h:x" },
		{ "https://h/a", "file:///etc", NULL },
		{ "https://h/a", "/etc", NULL },
		{ "https://h/a", "etc", NULL },
		{ "https://h/a", "ext::sh -c x", NULL },
		{ "https://h/a", "-u", NULL },
		{ "https://h/a", "--upload-pack=x@h:y", NULL },
		{ "https://h/a", "https://", NULL },
		{ "https://h/a", "https://h/x\ny", NULL },
		{ "https://h/a", "", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *got = NULL;
		struct error err = ERROR_INIT;
		int r = origin_resolve(cases[i].base, cases[i].url, &got, &err);

		assert_int_equal(r, cases[i].want ? 0 : -ERR_INVALID);
		assert_true(streq0(got, cases[i].want));
	}
	assert_true(origin_is_same("https://H:1/a", "https://me@h:1/b"));
	assert_false(origin_is_same("https://h/a", "http://h/a"));
	assert_false(origin_is_same("https://h/a", "https://h.evil/a"));
	assert_false(origin_is_same("https://h/a", "https://h@evil/a"));
	assert_false(origin_is_same("git@h:a", "git@h:a"));
}

static void test_modules(void **state)
{
	static const char text[] =
		"# c\n[core]\n\turl = wrong\n[submodule \"a\"]\n\tpath = p/a ; c\n"
		"\turl = \"u;\\\"1\"\n[include]\n\tpath = /etc/passwd\n"
		"[submodule \"../x\"]\npath = q\nurl = u2\n"
		"[Submodule \"b\"]\n path=../out\n url=u3\n[submodule \"c\"]\n"
		"path = c\nurl = u4\nupdate = none\n[submodule \"d\npath=d\nurl=u";
	module_vec v = { 0 };
	const struct module *a, *c;

	modules_parse(str_of(text), &v);
	a = modules_find(&v, "p/a");
	c = modules_find(&v, "c");
	assert_non_null(a);
	assert_string_equal(a->url, "u;\"1");
	assert_non_null(c);
	assert_true(c->skip);
	assert_null(modules_find(&v, "q"));
	assert_null(modules_find(&v, "../out"));
	assert_null(modules_find(&v, "/etc/passwd"));
	modules_done(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kind),	cmocka_unit_test(test_git),
		cmocka_unit_test(test_git_bad), cmocka_unit_test(test_url_name),
		cmocka_unit_test(test_shown),	cmocka_unit_test(test_origin),
		cmocka_unit_test(test_modules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
