/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "util/json.h"
#include "util/vec.h"

struct leaf {
	char *name;
	int64_t n;
};

struct thing {
	char *id;
	bool on;
	int64_t i;
	uint64_t u;
	int small;
	double d;
	struct strv args, sets;
	struct map labels;
	struct leaf leaf;
	struct leaf *maybe;
	VEC(struct leaf) leaves;
	json_t *raw;
	char *kept;
};

static const struct json_field leaf_fields[] = {
	JSON_FIELD(struct leaf, JSON_STR, name, "name", JSON_REQUIRED),
	JSON_FIELD(struct leaf, JSON_I64, n, "n", 0),
	{ 0 },
};

static const struct json_field fields[] = {
	JSON_FIELD(struct thing, JSON_STR, id, "id", JSON_REQUIRED),
	JSON_FIELD(struct thing, JSON_FLAG, on, "on", 0),
	JSON_FIELD(struct thing, JSON_I64, i, "i", 0),
	JSON_FIELD(struct thing, JSON_U64, u, "u", 0),
	JSON_FIELD(struct thing, JSON_I32, small, "small", 0),
	JSON_FIELD(struct thing, JSON_DOUBLE, d, "d", 0),
	JSON_FIELD(struct thing, JSON_STRV, args, "args", 0),
	JSON_FIELD(struct thing, JSON_KEYS, sets, "sets", 0),
	JSON_FIELD(struct thing, JSON_STRMAP, labels, "labels", 0),
	JSON_SUB(struct thing, JSON_STRUCT, leaf, "leaf", 0, leaf_fields, struct leaf),
	JSON_SUB(struct thing, JSON_STRUCT_P, maybe, "maybe", 0, leaf_fields, struct leaf),
	JSON_SUB(struct thing, JSON_LIST, leaves, "leaves", 0, leaf_fields, struct leaf),
	JSON_FIELD(struct thing, JSON_RAW, raw, "raw", 0),
	JSON_FIELD(struct thing, JSON_STR, kept, "kept", JSON_KEEP),
	{ 0 },
};

static json_t *parse(const char *text)
{
	json_t *j = NULL;

	assert_ok(json_parse(text, strlen(text), "test", &j, &err));
	return j;
}

static void test_round_trip(void **state)
{
	static const char text[] =
		"{\"id\":\"x\",\"on\":true,\"i\":-5,\"u\":9223372036854775807,\"small\":-7,"
		"\"d\":0.1,\"args\":[\"a\",\"\"],\"sets\":{\"80/tcp\":{}},"
		"\"labels\":{\"b\":\"1\",\"a\":null},\"leaf\":{\"name\":\"l\"},"
		"\"maybe\":{\"name\":\"m\",\"n\":2},\"leaves\":[{\"name\":\"1\"},{\"name\":\"2\"}],"
		"\"raw\":[1,{\"z\":null}],\"kept\":\"\"}";
	autojson *j = parse(text), *back = NULL;
	struct thing t = { 0 };

	assert_ok(json_decode(j, fields, &t, &err));
	assert_int_equal(t.leaves.n, 2);
	assert_string_equal(t.maybe->name, "m");
	assert_true(map_has(&t.labels, "a"));
	back = json_encode(fields, &t);
	assert_text(json_text(back), text);
	json_free_fields(fields, &t);
	assert_memory_equal(&t, &(struct thing){ 0 }, sizeof(t));
}

static void test_empty_is_left_out(void **state)
{
	autojson *j = parse("{\"id\":\"\",\"on\":null,\"labels\":null,\"leaves\":[],"
			    "\"unknown\":[1]}"),
		 *back = NULL;
	struct thing t = { 0 };

	assert_ok(json_decode(j, fields, &t, &err));
	back = json_encode(fields, &t);
	assert_text(json_text(back), "{\"kept\":\"\"}");
	assert_text(json_text_pretty(back), "{\n  \"kept\": \"\"\n}");
	json_free_fields(fields, &t);
}

static void test_wrong_types_name_their_place(void **state)
{
	static const char *const cases[][2] = {
		{ "{}", "id is missing" },
		{ "[]", "the document must be a mapping" },
		{ "{\"id\":null}", "id must be a string" },
		{ "{\"id\":1}", "id must be a string" },
		{ "{\"id\":\"x\",\"on\":1}", "on must be true or false" },
		{ "{\"id\":\"x\",\"i\":1.5}", "i must be an integer" },
		{ "{\"id\":\"x\",\"u\":-1}", "u must be an integer that is not negative" },
		{ "{\"id\":\"x\",\"small\":2147483648}", "small must be an integer of 32 bits" },
		{ "{\"id\":\"x\",\"args\":\"a\"}", "args must be a list of strings" },
		{ "{\"id\":\"x\",\"args\":[\"a\",1]}", "args[1] must be a string" },
		{ "{\"id\":\"x\",\"labels\":{\"k\":1}}", "labels.k must be a string" },
		{ "{\"id\":\"x\",\"leaf\":{}}", "leaf.name is missing" },
		{ "{\"id\":\"x\",\"maybe\":{\"name\":\"m\",\"n\":\"1\"}}",
		  "maybe.n must be an integer" },
		{ "{\"id\":\"x\",\"leaves\":[{\"name\":\"a\"},{\"name\":[]}]}",
		  "leaves[1].name must be a string" },
		{ "{\"id\":\"x\",\"leaves\":[1]}", "leaves[0] must be a mapping" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autojson *j = parse(cases[i][0]);
		struct error err = ERROR_INIT;
		struct thing t = { 0 };

		assert_int_equal(json_decode(j, fields, &t, &err), -ERR_INVALID);
		assert_string_equal(err.msg, cases[i][1]);
		assert_memory_equal(&t, &(struct thing){ 0 }, sizeof(t));
	}
}

static void test_bad_documents(void **state)
{
	static const char *const bad[] = { "",
					   "1",
					   "\"x\"",
					   "{",
					   "[1,]",
					   "{\"a\":1,\"a\":2}",
					   "[1] x",
					   "[\"\xff\"]",
					   "{\"a\":1e999}",
					   "[\"\\u0000\"]",
					   "[99999999999999999999]",
					   "nul" };
	json_t *j = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_fails(ERR_INVALID, json_parse(bad[i], strlen(bad[i]), "it", &j, &err));
	assert_fails(ERR_INVALID, json_parse(NULL, 0, "it", &j, &err));
	assert_null(j);
}

static void test_depth(void **state)
{
	autofree char *deep = xalloc(1, 200001);
	json_t *j = NULL;

	memset(deep, '[', 100000);
	memset(deep + 100000, ']', 100000);
	assert_fails(ERR_LIMIT, json_parse(deep, 200000, "it", &j, &err));
	assert_fails(ERR_LIMIT, json_parse(deep, 513, "it", &j, &err));
	assert_ok(json_parse(deep + 100000 - 512, 1024, "it", &j, &err));
	json_putp(&j);
	/* Those within strings don't count. */
	memset(deep, '[', 200000);
	memcpy(deep, "[\"\\\"", 4);
	memcpy(deep + 199998, "\"]", 2);
	assert_ok(json_parse(deep, 200000, "it", &j, &err));
	json_putp(&j);
}

static void test_getters(void **state)
{
	autojson *j = parse("{\"s\":\"x\",\"n\":5,\"t\":true}");

	assert_string_equal(json_str(j, "s"), "x");
	assert_null(json_str(j, "n"));
	assert_null(json_str(NULL, "n"));
	assert_int_equal(json_i64(j, "n", 1), 5);
	assert_int_equal(json_i64(j, "s", 1), 1);
	assert_true(json_flag(j, "t") && !json_flag(j, "n"));
}

/* Names of files may be anything. */
static void test_encodes_bytes_that_are_no_text(void **state)
{
	struct leaf l = { .name = (char *)"a\xff"
					  "b" };
	autojson *j = json_encode(leaf_fields, &l);

	assert_text(json_text(j), "{\"name\":\"a\xef\xbf\xbd"
				  "b\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_empty_is_left_out),
		cmocka_unit_test(test_wrong_types_name_their_place),
		cmocka_unit_test(test_bad_documents),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_getters),
		cmocka_unit_test(test_encodes_bytes_that_are_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
