/* SPDX-License-Identifier: Apache-2.0 */
/* YAML to a tree, and what is refused. The trees are compared as compact JSON, which shows types.
 */
#include "tests/unit/compose-text.h"

#include "compose/write.h"
#include "compose/yaml.h"

#include <time.h>

struct read_case {
	const char *yaml, *json;
};

/* Several documents are shown one after another. */
static char *read_to_json(const char *yaml, struct findings *f)
{
	autocall(arena_freep) struct arena *a = arena_new();
	struct source *src = source_text(a, "/p/compose.yaml", str_of(yaml));
	struct yaml_docs docs;
	struct buf out;

	buf_init(&out, BUF_MAX_ANY);
	if (yaml_parse(a, src, NULL, &docs, f) < 0)
		findings_print(f, false, &out);
	else
		for (size_t i = 0; i < docs.n; i++)
			write_json(docs.v[i], WRITE_COMPACT, &out);
	return buf_steal(&out);
}

static void check(const struct read_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct findings f = { 0 };
		autofree char *json = read_to_json(cases[i].yaml, &f);

		assert_string_equal(json, cases[i].json);
		assert_int_equal(f.n_errors, 0);
		findings_done(&f);
	}
}

static void test_scalars(void **state)
{
	static const struct read_case cases[] = {
		{ "[1, -1, +1, 0, 017, 0o17, 0b11, 0x1F, 1_000, -0x10]",
		  "[1,-1,1,0,15,15,3,31,1000,-16]" },
		{ "[08, 0o8, 0x, 1e3, 1.50, .5, +.5, 1., 1e, -0]",
		  "[8,\"0o8\",\"0x\",1000,1.5,0.5,0.5,1,\"1e\",0]" },
		{ "[9223372036854775807, 9223372036854775808, 18446744073709551615]",
		  "[9223372036854775807,9223372036854775808,18446744073709551615]" },
		{ "[18446744073709551616, -9223372036854775808]",
		  "[18446744073709552000,-9223372036854775808]" },
		{ "[yes, no, on, off, y, n, true, True, FALSE, tRue]",
		  "[\"yes\",\"no\",\"on\",\"off\",\"y\",\"n\",true,true,false,\"tRue\"]" },
		{ "[null, ~, Null, '', \"~\", nUll]", "[null,null,null,\"\",\"~\",\"nUll\"]" },
		{ "[1:30, 22:22, 12:30:45]", "[\"1:30\",\"22:22\",\"12:30:45\"]" },
		{ "[2001-01-01, 2001-1-2t3:4:5.60+01:00, 2001-01-02 03:04:05, 2001-02-30]",
		  "[\"2001-01-01T00:00:00Z\",\"2001-01-02T03:04:05.6+01:00\","
		  "\"2001-01-02T03:04:05Z\",\"2001-02-30\"]" },
		{ "['1', \"true\", !!str 5, !!int '7', !!float 3, !!bool \"true\"]",
		  "[\"1\",\"true\",\"5\",7,3,true]" },
		{ "[!foo 5, !foo {a: 1}, ! 5, !bar [1]]", "[\"5\",{\"a\":1},5,[1]]" },
		{ "a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}" },
		{ "\xEF\xBB\xBF"
		  "a: 1\r\nb: |\r\n  x\r\n  y\r\n",
		  "{\"a\":1,\"b\":\"x\\ny\\n\"}" },
	};

	check(cases, ARRAY_SIZE(cases));
}

static void test_documents(void **state)
{
	static const struct read_case cases[] = {
		{ "", "" },
		{ "# nothing\n", "" },
		{ "---\n...\n", "null" },
		{ "a: 1\n---\nb: 2\n", "{\"a\":1}{\"b\":2}" },
		{ "a: &x 1\n---\nb: &x 2\nc: *x\n", "{\"a\":1}{\"b\":2,\"c\":2}" },
	};

	check(cases, ARRAY_SIZE(cases));
}

static void test_aliases_and_merges(void **state)
{
	static const struct read_case cases[] = {
		{ "a: &x {k: 1}\nb: *x\n", "{\"a\":{\"k\":1},\"b\":{\"k\":1}}" },
		{ "a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}\n",
		  "{\"a\":{\"k\":1,\"l\":2},\"b\":{\"k\":3,\"l\":2}}" },
		{ "x: &x {k: 1}\ny: &y {k: 2, m: 3}\nb: {<<: [*x, *y], z: 0}\n",
		  "{\"x\":{\"k\":1},\"y\":{\"k\":2,\"m\":3},\"b\":{\"z\":0,\"k\":1,\"m\":3}}" },
		{ "b: {<<: {k: 1}, k: null}\n", "{\"b\":{\"k\":null}}" },
		{ "b: {\"<<\": 1}\n", "{\"b\":{\"\\u003c\\u003c\":1}}" },
		{ "l: [1, !reset 2, 3]\n", "{\"l\":[1,3]}" },
		{ "a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}" },
		{ "&k a: *k\n", "{\"a\":\"a\"}" },
	};

	check(cases, ARRAY_SIZE(cases));
}

static void test_marks(void **state)
{
	autocall(arena_freep) struct arena *a = arena_new();
	const char *text = "a: !reset null\nb: !override [1]\nc: !override 5\n";
	struct source *src = source_text(a, "f", str_of(text));
	struct findings f = { 0 };
	struct yaml_docs docs;

	assert_int_equal(yaml_parse(a, src, NULL, &docs, &f), 0);
	assert_int_equal(node_get(docs.v[0], "a")->mark, NODE_RESET);
	assert_int_equal(node_get(docs.v[0], "b")->mark, NODE_OVERRIDE);
	assert_string_equal(node_str(node_get(docs.v[0], "c"), NULL), "5");
	assert_int_equal(node_get(docs.v[0], "b")->at.line, 2);
	assert_int_equal(node_get(docs.v[0], "b")->at.column, 4);
	assert_int_equal(node_member(docs.v[0], "c")->key_at.line, 3);
}

struct bad_case {
	const char *yaml, *message; /* how the report begins */
};

static void test_refused(void **state)
{
	static const struct bad_case cases[] = {
		{ "a: 1\nb: 2\na: 3\n",
		  "/p/compose.yaml:3:1: error: mapping key \"a\" already defined at line 1\n"
		  "    a: 3\n    ^\n" },
		{ "s:\n  l:\n    1: x\n",
		  "/p/compose.yaml:3:5: error: non-string key in s.l: 1\n        1: x\n        ^\n"
		  "    put the key in quotes: \"1\"\n" },
		{ "true: x\n", "/p/compose.yaml:1:1: error: non-string key at top level: true\n" },
		{ "l:\n- ~: x\n", "/p/compose.yaml:2:3: error: non-string key in l[0]: ~\n" },
		{ "? [a]\n: x\n",
		  "/p/compose.yaml:1:3: error: a list cannot be a key (at top level)\n" },
		{ "a: &x {b: *x}\n",
		  "/p/compose.yaml:1:11: error: cycle detected: node at path a.b "
		  "references node at path a (line 1)\n" },
		{ "a: *x\n", "/p/compose.yaml:1:4: error: unknown anchor 'x' referenced\n" },
		{ "a: {<<: 1}\n", "/p/compose.yaml:1:5: error: a merge (<<) requires" },
		{ "a: {<<: {}, <<: {}}\n",
		  "/p/compose.yaml:1:13: error: mapping key \"<<\" already defined at line 1\n" },
		{ "a: !!int x\n",
		  "/p/compose.yaml:1:4: error: \"x\" is not a value of the type !!int\n" },
		{ "a: \"\\0\"\n",
		  "/p/compose.yaml:1:4: error: a NUL character cannot be in a value\n" },
		{ "a: 1\n  b: 2\n",
		  "/p/compose.yaml:2:4: error: mapping values are not allowed in this context\n" },
		{ "a:\n\tb: 1\n",
		  "/p/compose.yaml:2:1: error: found character that cannot start any token while "
		  "scanning for the next token\n    \tb: 1\n    ^\n    indent with blanks" },
		{ "a: 1\nb: \xFFz\n", "/p/compose.yaml:2:4: error: invalid leading UTF-8 octet\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct findings f = { 0 };
		autofree char *report = read_to_json(cases[i].yaml, &f);

		if (!starts_with(report, cases[i].message))
			assert_string_equal(report, cases[i].message);
		assert_true(f.n_errors > 0);
		findings_done(&f);
	}
}

static void add_bomb(struct buf *out)
{
	buf_adds(out, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 30; i++) {
		buf_addf(out, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			buf_addf(out, "%s*a%d", j ? ", " : "", i - 1);
		buf_adds(out, "]\n");
	}
}

static void test_bounds(void **state)
{
	static const char *const levels[] = { "[", "{a: ", "- " };
	struct findings f = { 0 };
	autobuf text;

	buf_init(&text, BUF_MAX_ANY);
	add_bomb(&text);
	{
		autofree char *report = read_to_json(text.p, &f);

		assert_non_null(strstr(report, "excessive aliasing"));
		assert_int_equal(f.n_errors, 1);
	}
	findings_done(&f);
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		autofree char *report = NULL;

		buf_reset(&text);
		for (int j = 0; j < 10000; j++)
			buf_adds(&text, levels[i]);
		report = read_to_json(text.p, &f);
		assert_non_null(strstr(report, "nested too deeply"));
		assert_int_equal(f.n_errors, 1);
		findings_done(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_aliases_and_merges),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
