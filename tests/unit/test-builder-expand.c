/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/expand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct pair {
	const char *in, *out; /* NULL: an error */
};

static void fill(struct map *env)
{
	static const struct pair vars[] = {
		{ "S", "set" },	      { "E", "" },
		{ "s", "foobarbaz" }, { "p", "/usr/local/lib.tar.gz" },
		{ "q", "a*b?c" },     { "d", "a/b/c" },
		{ "star", "a*b*c" },  { "u", "äöü" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(vars); i++)
		strmap_set(env, vars[i].in, vars[i].out);
}

static void check(const struct pair *cases, size_t n, unsigned flags)
{
	automap env = { 0 };

	fill(&env);
	for (size_t i = 0; i < n; i++) {
		autofree char *got = NULL;
		struct error err = ERROR_INIT;
		int r = expand_word(cases[i].in, '\\', flags, &env, NULL, &got, &err);

		if (!cases[i].out) {
			if (r >= 0)
				print_message("%s: %s\n", cases[i].in, got);
			assert_int_equal(r, -ERR_INVALID);
			assert_true(*err.msg);
			continue;
		}
		if (r < 0)
			print_message("%s: %s\n", cases[i].in, err.msg);
		assert_int_equal(r, 0);
		assert_string_equal(got, cases[i].out);
	}
}

static void test_quotes(void **state)
{
	static const struct pair cases[] = {
		{ "a b", "a b" },
		{ "\"a b\"c", "a bc" },
		{ "'$S'", "$S" },
		{ "\"$S\"", "set" },
		{ "\\$S", "$S" },
		{ "\"\\$S\"", "$S" },
		{ "\\\\$S", "\\set" },
		{ "\"\\\\\"", "\\" },
		{ "a\\b", "ab" },
		{ "\"a\\nb\"", "a\\nb" },
		{ "'a\\nb'", "a\\nb" },
		{ "\"'$S'\"", "'set'" },
		{ "a\"b c\"d'e f'", "ab cde f" },
		{ "\"open", NULL },
		{ "'open", NULL },
		{ "end\\", "end" },
	};

	check(cases, ARRAY_SIZE(cases), 0);
}

static void test_variables(void **state)
{
	static const struct pair cases[] = {
		{ "$S", "set" },     { "${S}x", "setx" },  { "$S-y", "set-y" },
		{ "${UNSET}", "" },  { "$S$S", "setset" }, { "pre$UNSET", "pre" },
		{ "$$", "" },	     { "$1x", "x" },	   { "a$", "a$" },
		{ "$-", "" },	     { "${S", NULL },	   { "${}", NULL },
		{ "${{S}", NULL },   { "${:x}", NULL },	   { "${S^^}", NULL },
		{ "${S:#x}", NULL },
	};

	check(cases, ARRAY_SIZE(cases), 0);
}

static void test_modifiers(void **state)
{
	static const struct pair cases[] = {
		{ "${S:-d}", "set" },
		{ "${E:-d}", "d" },
		{ "${U:-d}", "d" },
		{ "${S-d}", "set" },
		{ "${E-d}", "" },
		{ "${U-d}", "d" },
		{ "${S:+p}", "p" },
		{ "${E:+p}", "" },
		{ "${U:+p}", "" },
		{ "${E+p}", "p" },
		{ "${U+p}", "" },
		{ "${U:-$S}", "set" },
		{ "${U:-${E:-deep}}", "deep" },
		{ "${U:-\"q q\"}", "q q" },
		{ "${U:-a\\}b}", "a}b" },
		{ "${U:-}", "" },
		{ "${U:-a:b-c}", "a:b-c" },
		{ "${S:?err}", "set" },
		{ "${E?err}", "" },
		{ "${E:?empty}", NULL },
		{ "${U?no}", NULL },
		{ "${U:-", NULL },
	};

	check(cases, ARRAY_SIZE(cases), 0);
}

static void test_patterns(void **state)
{
	static const struct pair cases[] = {
		{ "${s#f*b}", "arbaz" },
		{ "${s##f*b}", "az" },
		{ "${s%b*}", "foobar" },
		{ "${s%%b*}", "foo" },
		{ "${p##*/}", "lib.tar.gz" },
		{ "${p%/*}", "/usr/local" },
		{ "${p%%.*}", "/usr/local/lib" },
		{ "${p%.*}", "/usr/local/lib.tar" },
		{ "${s#nomatch}", "foobarbaz" },
		{ "${s%z}", "foobarba" },
		{ "${q#a\\*}", "b?c" },
		{ "${q%\\?c}", "a*b" },
		{ "${UNSET#x}", "" },
		{ "${s#}", "foobarbaz" },
		{ "${s#?}", "oobarbaz" },
		{ "${s%%*}", "" },
		{ "${s##*}", "" },
		{ "${s/ba/fo}", "fooforbaz" },
		{ "${s//ba/fo}", "fooforfoz" },
		{ "${s/ba/}", "foorbaz" },
		{ "${s//ba/}", "foorz" },
		{ "${s/b*a/X}", "fooXz" },
		{ "${s//a?/_}", "foob_b_" },
		{ "${star/\\*/-}", "a-b*c" },
		{ "${star//\\*/-}", "a-b-c" },
		{ "${s/nomatch/x}", "foobarbaz" },
		{ "${d//\\//-}", "a-b-c" },
		{ "${UNSET/a/b}", "" },
		{ "${s//a}", NULL },
		{ "${u#?}", "öü" },
		{ "${u%?}", "äö" },
		{ "${s#a\\b}", NULL },
	};

	check(cases, ARRAY_SIZE(cases), 0);
}

static void test_keep(void **state)
{
	static const struct pair cases[] = {
		{ "$U ${U} ${U:-x} $S", "$U ${U} ${U:-x} set" },
		{ "\"$U\"", "\"$U\"" },
	};

	check(cases, ARRAY_SIZE(cases), EXPAND_KEEP_UNSET | EXPAND_RAW_QUOTES);
}

static void test_words(void **state)
{
	automap env = { 0 };
	autostrv words = { 0 };

	strmap_set(&env, "two", "8000 8001");
	assert_int_equal(expand_words("80 $two \"$two\" << EOF", '\\', 0, &env, NULL, &words, NULL),
			 0);
	assert_int_equal(words.n, 5);
	assert_string_equal(words.v[1], "8000");
	assert_string_equal(words.v[2], "8001");
	assert_string_equal(words.v[3], "8000 8001");
	assert_string_equal(words.v[4], "<< EOF");
}

/* Text that would grow without end meets a limit. */
static void test_limits(void **state)
{
	automap env = { 0 };
	autobuf big = { 0 }, deep = { 0 };
	autofree char *got = NULL;

	buf_init(&big, BUF_MAX_ANY);
	buf_addn(&big, 'x', LIMIT_EXPANSION - 10);
	strmap_set(&env, "b", big.p);
	assert_int_equal(expand_word("$b$b", '\\', 0, &env, NULL, &got, NULL), -ERR_LIMIT);
	buf_init(&deep, BUF_MAX_ANY);
	for (int i = 0; i < 100000; i++)
		buf_adds(&deep, "${a:-");
	assert_int_equal(expand_word(deep.p, '\\', 0, &env, NULL, &got, NULL), -ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quotes),	  cmocka_unit_test(test_variables),
		cmocka_unit_test(test_modifiers), cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_keep),	  cmocka_unit_test(test_words),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
