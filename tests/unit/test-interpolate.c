/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/compose-text.h"

#include "compose/interpolate.h"
#include "compose/write.h"
#include "compose/yaml.h"

/* A=a, E is empty, D=$A (never expanded again). */
static const char *get(void *userdata, const char *name, const char **ret_origin)
{
	if (streq(name, "A"))
		return "a";
	if (streq(name, "E"))
		return "";
	if (streq(name, "D"))
		return "$A";
	if (streq(name, "N"))
		return "3";
	return NULL;
}

static void note_unset(void *userdata, const char *name)
{
	buf_addf(userdata, "%s ", name);
}

struct text_case {
	const char *text, *result, *unset; /* unset NULL: none */
};

static void test_forms(void **state)
{
	static const struct text_case cases[] = {
		{ "", "", NULL },
		{ "plain", "plain", NULL },
		{ "$A ${A} $$A $1 $(x) a$ $", "a a $A $1 $(x) a$ $", NULL },
		{ "$U-${U}", "-", "U U " },
		{ "${U:-d} ${E:-d} ${A:-d}", "d d a", NULL },
		{ "${U-d} ${E-d} ${A-d}", "d  a", NULL },
		{ "${U:+p} ${E:+p} ${A:+p}", "  p", NULL },
		{ "${U+p} ${E+p} ${A+p}", " p p", NULL },
		{ "${A:?m} ${A?m} ${E?m}", "a a ", NULL },
		{ "${U:-${E:-${A}}} ${U-a:-b}", "a a:-b", NULL },
		{ "${U:-{\"a\":{\"b\":1}}}", "{\"a\":{\"b\":1}}", NULL },
		{ "${U:-{}}", "{}", NULL },
		{ "$D ${D} ${U:-$$A}", "$A $A $A", NULL },
		{ "${A:-$V} x", "a x", "V " },
		{ "${a_1:-x}${_B:-y}", "xy", NULL },
		{ "${U:-a}\n${U:-b}", "a\nb", NULL },
		{ "${U:-a b} } ${U:-c}", "a b } c", NULL },
		{ "$A$A${A}é$Aé", "aaaéaé", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		struct interp in = { .vars.get = get, .unset = note_unset };
		autobuf out, unset;

		buf_init(&out, LIMIT_INTERPOLATED);
		buf_init(&unset, 1000);
		in.unset_userdata = &unset;
		assert_int_equal(interpolate(&in, cases[i].text, &out, &err), 0);
		assert_string_equal(out.p, cases[i].result);
		assert_string_equal(unset.p, cases[i].unset ? cases[i].unset : "");
	}
}

static void test_bad_forms(void **state)
{
	static const struct {
		const char *text;
		int result;
		const char *message;
	} cases[] = {
		{ "a ${", -ERR_INVALID, "a ${" },
		{ "${}", -ERR_INVALID, "${}" },
		{ "${1A}", -ERR_INVALID, "${1A}" },
		{ "${A b}", -ERR_INVALID, "${A b}" },
		{ "${A!x}", -ERR_INVALID, "${A!x}" },
		{ "${A:-x", -ERR_INVALID, "${A:-x" },
		{ "${A:x}", -ERR_INVALID, "${A:x}" },
		{ "${A:-x\n}", -ERR_INVALID, "${A:-x\n}" },
		{ "${U:?}", -ERR_NOT_FOUND, "required variable U is missing a value" },
		{ "${E:?no $A}", -ERR_NOT_FOUND, "required variable E is missing a value: no a" },
		{ "${U?no}", -ERR_NOT_FOUND, "required variable U is missing a value: no" },
		{ "${A:-${U?no}}", -ERR_NOT_FOUND, "required variable U is missing a value: no" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		struct interp in = { .vars.get = get };
		autobuf out;

		buf_init(&out, LIMIT_INTERPOLATED);
		assert_int_equal(interpolate(&in, cases[i].text, &out, &err), cases[i].result);
		assert_string_equal(err.msg, cases[i].message);
	}
}

/* Neither depth nor a long line of forms takes more than its share. */
static void test_bounds(void **state)
{
	struct error err = ERROR_INIT;
	struct interp in = { .vars.get = get };
	autobuf text, out;

	buf_init(&text, BUF_MAX_ANY);
	buf_init(&out, LIMIT_INTERPOLATED);
	for (int i = 0; i < 100000; i++)
		buf_adds(&text, "${U:-x}");
	assert_int_equal(interpolate(&in, text.p, &out, &err), 0);
	assert_int_equal(out.len, 100000);
	buf_reset(&text);
	for (int i = 0; i < 100; i++)
		buf_adds(&text, "${U:-");
	buf_addn(&text, '}', 100);
	assert_int_equal(interpolate(&in, text.p, &out, &err), -ERR_LIMIT);
	buf_reset(&text);
	for (int i = 0; i < 100000; i++)
		buf_adds(&text, "${U:-{");
	assert_int_equal(interpolate(&in, text.p, &out, &err), -ERR_INVALID);
}

static enum cast cast_of(const struct node_path *path, void *userdata)
{
	if (streq(path->key, "n"))
		return CAST_INT;
	if (streq(path->key, "f"))
		return CAST_FLOAT32;
	return streq(path->key, "b") ? CAST_BOOL : CAST_NONE;
}

static char *run_tree(const char *yaml, struct findings *f)
{
	autocall(arena_freep) struct arena *a = arena_new();
	struct source *src = source_text(a, "f", str_of(yaml));
	struct interp_options opt = { .vars.get = get, .cast_of = cast_of };
	struct yaml_docs docs;
	struct node *tree;
	struct buf out;

	buf_init(&out, BUF_MAX_ANY);
	assert_int_equal(yaml_parse(a, src, NULL, &docs, f), 0);
	if (interpolate_tree(a, docs.v[0], &opt, &tree, f) == 0)
		write_json(tree, WRITE_COMPACT, &out);
	findings_print(f, false, &out);
	return buf_steal(&out);
}

static void test_tree(void **state)
{
	static const struct {
		const char *yaml, *result;
	} cases[] = {
		{ "s: {n: '$N', $A: [$A, x, 1]}", "{\"s\":{\"n\":3,\"$A\":[\"a\",\"x\",1]}}" },
		{ "{n: '-3', f: '1.123456789', b: TRUE, x: 'true'}",
		  "{\"n\":-3,\"f\":1.1234568,\"b\":true,\"x\":\"true\"}" },
		{ "b: on", "{\"b\":true}f:1:4: warning: \"on\" for boolean is not supported by "
			   "YAML 1.2, please use `true`\n    b: on\n       ^\n" },
		{ "s: {n: x}", "f:1:8: error: error while interpolating s.n: failed to cast to "
			       "expected type: strconv.Atoi: parsing \"x\": invalid syntax\n"
			       "    s: {n: x}\n           ^\n" },
		{ "s: ['${']", "f:1:5: error: invalid interpolation format for s.[].\n"
			       "You may need to escape any $ with another $.\n${\n"
			       "    s: ['${']\n        ^\n" },
		{ "s: $U", "{\"s\":\"\"}f:1:4: warning: The \"U\" variable is not set. Defaulting "
			   "to a blank string.\n    s: $U\n       ^\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct findings f = { 0 };
		autofree char *result = run_tree(cases[i].yaml, &f);

		assert_string_equal(result, cases[i].result);
		findings_done(&f);
	}
}

static void test_variables(void **state)
{
	autocall(arena_freep) struct arena *a = arena_new();
	const char *yaml =
		"[$A, '${B:-x$C}', '${D:?m}', '$$E ${F+p} ${B-y}', '${G:-a} ${H:-${I?}}']";
	struct source *src = source_text(a, "f", str_of(yaml));
	struct variables vars = { .arena = a };
	struct findings f = { 0 };
	struct yaml_docs docs;
	autobuf out;

	buf_init(&out, BUF_MAX_ANY);
	assert_int_equal(yaml_parse(a, src, NULL, &docs, &f), 0);
	variables_collect(&vars, docs.v[0]);
	vec_foreach (v, &vars.list)
		buf_addf(&out, "%s:%s:%s:%d ", v->name, v->default_value, v->presence_value,
			 v->required);
	assert_string_equal(out.p, "A:::0 B:y::0 C:::0 D:::1 F::p:0 H:${I?}::0 I:::1 G:a::0 ");
	variables_done(&vars);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),	  cmocka_unit_test(test_bad_forms),
		cmocka_unit_test(test_bounds),	  cmocka_unit_test(test_tree),
		cmocka_unit_test(test_variables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
