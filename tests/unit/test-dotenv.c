/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/compose-text.h"

#include "compose/dotenv.h"
#include "compose/shellwords.h"
#include "compose/yaml.h"

static const char *get(void *userdata, const char *name, const char **ret_origin)
{
	return streq(name, "HOST") ? "host" : NULL;
}

/* "KEY=[VALUE]" of each, or the message of the error. */
static char *read_env(const char *text, enum dotenv_format format)
{
	autocall(arena_freep) struct arena *a = arena_new();
	automap values = { 0 };
	struct dotenv d = { .vars.get = get, .values = &values };
	struct error err = ERROR_INIT;
	struct buf out;

	buf_init(&out, BUF_MAX_ANY);
	if (dotenv_parse(&d, source_text(a, "/e", str_of(text)), format, &err) < 0) {
		buf_addf(&out, "%u: %s", err.pos.line, err.msg);
		return buf_steal(&out);
	}
	map_foreach (e, &values)
		buf_addf(&out, "%s=[%s]", e->key, (const char *)e->value);
	return buf_steal(&out);
}

struct env_case {
	const char *text, *result;
};

static void check(const struct env_case *cases, size_t n, enum dotenv_format format)
{
	for (size_t i = 0; i < n; i++) {
		autofree char *result = read_env(cases[i].text, format);

		assert_string_equal(result, cases[i].result);
	}
}

static void test_plain(void **state)
{
	static const struct env_case cases[] = {
		{ "", "" },
		{ "A=1\nB: 2\n  export C = 3 # x\n", "A=[1]B=[2]C=[3]" },
		{ "# c\n\nA=a#b\nB=# c\nC=x   \n", "A=[a#b]B=[# c]C=[x]" },
		{ "A='x $B \\' \\n'\nB=\"x \\\" \\n \\$HOST $HOST\"\n",
		  "A=[x $B ' \\n]B=[x \" \n $HOST host]" },
		{ "A=\"1\n2\"\nB='3\n4' # c\nC=5", "A=[1\n2]B=[3\n4]C=[5]" },
		{ "A=\"\\0101 \\101 \\q \\\\ \\t\"\n", "A=[A \\101 \\q \\ \t]" },
		{ "A=1\nB=${A}2$HOST ${U:-d}\nA=3\n", "A=[3]B=[12host d]" },
		{ "HOST\nNONE\nA=1\n", "HOST=[host]A=[1]" },
		{ "HOST=x\nA=$HOST\n", "HOST=[x]A=[host]" },
		{ "\xEF\xBB\xBF"
		  "A=1\r\nB=\"2\"\r\n",
		  "A=[1]B=[2]" },
		{ "a.b-c[0]=1\n1X=2\nÄ=3\n", "a.b-c[0]=[1]1X=[2]Ä=[3]" },
		{ "A=1=2\nB=\nC=''\n", "A=[1=2]B=[]C=[]" },
		{ "A=$$HOST\n", "A=[$HOST]" },
		{ "A=1\n\nB!=2\n",
		  "3: line 3: unexpected character \"!\" in variable name \"B!=2\"" },
		{ "A B=1\n", "1: line 1: key cannot contain a space" },
		{ "X=1\nA=\"open\nx\n", "2: line 4: unterminated quoted value \"open" },
		{ "A=${\n", "1: Invalid template: \"${\"" },
		{ "A=${U:?gone}\n", "1: required variable U is missing a value: gone" },
	};

	check(cases, ARRAY_SIZE(cases), DOTENV_PLAIN);
}

static void test_raw(void **state)
{
	static const struct env_case cases[] = {
		{ "# c\n  A='x' # y $HOST\n\nHOST\nNONE\nB=\r\n",
		  "A=['x' # y $HOST]HOST=[host]B=[]" },
		{ "A=1\n=x\n", "2: no variable name on line '=x'" },
		{ "A B=1\n", "1: variable 'A B' contains whitespaces" },
	};

	check(cases, ARRAY_SIZE(cases), DOTENV_RAW);
}

static void test_origins_and_warnings(void **state)
{
	autocall(arena_freep) struct arena *a = arena_new();
	automap values = { 0 };
	automap origins = { 0 };
	struct findings f = { 0 };
	struct dotenv d = { .values = &values, .origins = &origins, .warnings = &f };
	const char *text = "# x\nA='1\n2'\nB=$U\n";
	struct error err = ERROR_INIT;

	assert_int_equal(dotenv_parse(&d, source_text(a, "/e", str_of(text)), DOTENV_PLAIN, &err),
			 0);
	assert_string_equal(strmap_get(&origins, "A"), "/e:2");
	assert_string_equal(strmap_get(&origins, "B"), "/e:4");
	assert_int_equal(f.list.n, 1);
	assert_int_equal(f.list.v[0].severity, FINDING_WARNING);
	assert_int_equal(f.list.v[0].at.line, 4);
	findings_done(&f);
}

static void test_missing_file(void **state)
{
	autocall(arena_freep) struct arena *a = arena_new();
	automap values = { 0 };
	struct dotenv d = { .values = &values };
	struct error err = ERROR_INIT;

	assert_int_equal(dotenv_read(&d, a, "/nonexistent/.env", DOTENV_PLAIN, &err),
			 -ERR_NOT_FOUND);
	assert_int_equal(dotenv_read(&d, a, "/", DOTENV_PLAIN, &err), -ERR_INVALID);
	assert_true(starts_with(err.msg, "failed to read /: "));
}

static void test_words(void **state)
{
	static const struct env_case cases[] = {
		{ "", "" },
		{ "a b\tc\n", "[a][b][c]" },
		{ "a 'b c' \"d e\" f\\ g", "[a][b c][d e][f g]" },
		{ "a '' \"\"", "[a][][]" },
		{ "a'b'\"c\"d", "[abcd]" },
		{ "'a\\b' \"a\\\"b\" a\\\\b", "[a\\b][a\"b][a\\b]" },
		{ "a && b", "[a]" },
		{ "a 2>x", "[a]" },
		{ "a;b", "[a]" },
		{ "echo $(a b; c) `d e`", "[echo][$(a b; c)][`d e`]" },
		{ "a # b", "[a][#][b]" },
		{ "a \"b", "invalid command line string" },
		{ "a (b)", "invalid command line string" },
		{ "a\\", "invalid command line string" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		autostrv words = { 0 };
		autobuf out;

		buf_init(&out, 1000);
		if (shell_words(cases[i].text, &words, &err) < 0)
			buf_adds(&out, err.msg);
		strv_foreach (w, &words)
			buf_addf(&out, "[%s]", w);
		assert_string_equal(out.p, cases[i].result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_origins_and_warnings),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
