/* SPDX-License-Identifier: Apache-2.0 */
/* Trees to YAML and JSON. */
#include "tests/unit/compose-text.h"

#include "compose/write.h"
#include "compose/yaml.h"

static struct node *read_one(struct arena *a, const char *yaml)
{
	struct findings f = { 0 };
	struct yaml_docs docs;

	assert_int_equal(yaml_parse(a, source_text(a, "f", str_of(yaml)), NULL, &docs, &f), 0);
	return docs.v[0];
}

static void test_yaml_strings(void **state)
{
	static const struct {
		const char *text, *yaml;
	} cases[] = {
		{ "a", "k: a\n" },
		{ "", "k: \"\"\n" },
		{ "12", "k: \"12\"\n" },
		{ "yes", "k: \"yes\"\n" },
		{ "12:30:45", "k: \"12:30:45\"\n" },
		{ "1:99", "k: 1:99\n" },
		{ "2001-01-01", "k: \"2001-01-01\"\n" },
		{ "<<", "k: <<\n" },
		{ "=", "k: =\n" },
		{ "a: b", "k: 'a: b'\n" },
		{ "a #b", "k: 'a #b'\n" },
		{ "a#b:c", "k: a#b:c\n" },
		{ "it's", "k: it's\n" },
		{ "'x'", "k: '''x'''\n" },
		{ "- a", "k: '- a'\n" },
		{ "-a", "k: -a\n" },
		{ " a ", "k: ' a '\n" },
		{ "a\tb", "k: \"a\\tb\"\n" },
		{ "\x01", "k: \"\\x01\"\n" },
		{ "\xF0\x9F\x98\x80", "k: \"\\U0001F600\"\n" },
		{ "\xC3\xA9", "k: \xC3\xA9\n" },
		{ "a\nb", "k: |-\n  a\n  b\n" },
		{ "a\nb\n", "k: |\n  a\n  b\n" },
		{ "a\n\n", "k: |+\n  a\n\n" },
		{ "\na", "k: |2-\n\n  a\n" },
		{ " a\nb", "k: |2-\n   a\n  b\n" },
		{ "a \nb", "k: \"a \\nb\"\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autocall(arena_freep) struct arena *a = arena_new();
		struct place at = { 0 };
		struct node *map = node_new(a, NODE_MAP, at), *back;
		autobuf out;

		buf_init(&out, BUF_MAX_ANY);
		node_set(a, map, "k", at, node_string(a, cases[i].text, at));
		write_yaml(map, 0, &out);
		assert_string_equal(out.p, cases[i].yaml);
		back = read_one(a, out.p);
		assert_true(node_equal(back, map));
	}
}

static void test_yaml_shapes(void **state)
{
	/* Each is written as it was read. */
	static const char *const cases[] = {
		"a: 1\nb:\n  - x\n  - z\n",
		"a:\n  - k: v\n    l: w\n  - - 1\n    - - 2\n  - []\n  - {}\n",
		"a: null\nb: true\nc: 1.5\nd: 1e+06\ne: .inf\nf: .nan\n",
		"- a: |\n    x\n  b: 1\n- |-\n  x\n  y\n",
		"a:\n  b:\n    c: |+\n      x\n\n  d: 1\n",
		"plain\n",
		"? |-\n  a\n  b\n: - 1\n  - 2\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autocall(arena_freep) struct arena *a = arena_new();
		autobuf out;

		buf_init(&out, BUF_MAX_ANY);
		write_yaml(read_one(a, cases[i]), 0, &out);
		assert_string_equal(out.p, cases[i]);
	}
}

static void test_key_order(void **state)
{
	static const char *const sorted[] = {
		"#x", "-y",  "_x",  "1",  "01", "9",   "10",  "1.5", "1.10", "A",    "Z9",
		"a",  "a b", "a-1", "a1", "a2", "a02", "a10", "b",   "x/9",  "x/10", "\xC3\xA9",
	};

	/* go-yaml's rule is not an order of all three of these, so only neighbours of one kind are
	 * compared. */
	assert_true(key_compare_natural("a2", "a10") < 0);
	assert_true(key_compare_natural("a2", "a02") < 0);
	assert_true(key_compare_natural("a02", "a10") < 0);
	assert_true(key_compare_natural("1.5", "1.10") < 0);
	assert_true(key_compare_natural("Z", "a") < 0);
	assert_true(key_compare_natural("a", "a1") < 0);
	assert_true(key_compare_natural("9", "A") < 0);
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
		for (size_t j = 0; j < ARRAY_SIZE(sorted); j++)
			assert_true((key_compare_natural(sorted[i], sorted[j]) < 0) ==
				    (key_compare_natural(sorted[j], sorted[i]) > 0));
}

static void test_json(void **state)
{
	autocall(arena_freep) struct arena *a = arena_new();
	struct node *n = read_one(
		a, "{b: [1, x, null], a: {}, c: [], d: \"<&>\\u2028\\n\\x01\\\"\", e: 1e21}");
	autobuf out;

	buf_init(&out, BUF_MAX_ANY);
	write_json(n, WRITE_SORTED | WRITE_COMPACT, &out);
	assert_string_equal(out.p,
			    "{\"a\":{},\"b\":[1,\"x\",null],\"c\":[],"
			    "\"d\":\"\\u003c\\u0026\\u003e\\u2028\\n\\u0001\\\"\",\"e\":1e+21}");
	buf_reset(&out);
	write_json(n, 0, &out);
	assert_true(starts_with(
		out.p, "{\n  \"b\": [\n    1,\n    \"x\",\n    null\n  ],\n  \"a\": {},\n"));
}

static void test_floats(void **state)
{
	static const struct {
		double f;
		const char *go, *json;
	} cases[] = {
		{ 0, "0", "0" },
		{ -0.0, "-0", "-0" },
		{ 1.5, "1.5", "1.5" },
		{ 100000, "100000", "100000" },
		{ 1e6, "1e+06", "1000000" },
		{ 123456789, "1.23456789e+08", "123456789" },
		{ 1e21, "1e+21", "1e+21" },
		{ 0.0001, "0.0001", "0.0001" },
		{ 0.00001, "1e-05", "0.00001" },
		{ 1e-7, "1e-07", "1e-7" },
		{ 0.1 + 0.2, "0.30000000000000004", "0.30000000000000004" },
	};
	char out[GO_FLOAT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_string_equal(go_float(cases[i].f, 64, out), cases[i].go);
		assert_string_equal(go_json_float(cases[i].f, out), cases[i].json);
	}
	assert_string_equal(go_float((double)1.1234568f, 32, out), "1.1234568");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_yaml_strings), cmocka_unit_test(test_yaml_shapes),
		cmocka_unit_test(test_key_order),    cmocka_unit_test(test_json),
		cmocka_unit_test(test_floats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
