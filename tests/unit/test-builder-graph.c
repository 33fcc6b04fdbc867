/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void load(struct graph *g, const char *text, const struct map *args)
{
	static const struct map none = { 0 };
	struct error err = ERROR_INIT;

	if (graph_load("Dockerfile", str_of(text), &none, args ? args : &none, g, &err) < 0)
		fail_msg("%u:%u: %s", err.pos.line, err.pos.column, err.msg);
}

static void test_needed(void **state)
{
	struct graph g;
	struct stage *s = NULL;

	load(&g,
	     "FROM a AS base\nFROM base AS l\nRUN x\nFROM base AS r\n"
	     "FROM nosuch AS unused\nRUN y\n"
	     "FROM base\nCOPY --from=L /l /\nRUN --mount=from=r,target=/m z\n",
	     NULL);
	assert_int_equal(graph_target(&g, NULL, &s, NULL), 0);
	assert_int_equal(s->index, 4);
	assert_ptr_equal(s->parent, g.stages.v[0]);
	assert_true(g.stages.v[0]->needed && g.stages.v[1]->needed && g.stages.v[2]->needed);
	assert_false(g.stages.v[3]->needed);
	graph_done(&g);
}

static void test_target(void **state)
{
	struct graph g;
	struct error err = ERROR_INIT;
	struct stage *s = NULL;

	load(&g, "FROM a AS OneTwo\nFROM b AS three\n", NULL);
	assert_int_equal(graph_target(&g, "onetwo", &s, &err), 0);
	assert_int_equal(s->index, 0);
	assert_false(g.stages.v[1]->needed);
	assert_int_equal(graph_target(&g, "thre", &s, &err), -ERR_NOT_FOUND);
	assert_non_null(strstr(err.msg, "three"));
	graph_done(&g);
}

static void test_args(void **state)
{
	automap args = { 0 };
	struct graph g;

	strmap_set(&args, "TAG", "9");
	load(&g,
	     "ARG IMG=x TAG=1\nARG FULL=${IMG}:${TAG}\nARG BARE\nFROM $FULL AS dev\n"
	     "FROM ${BARE:-dev}\n",
	     &args);
	assert_string_equal(g.stages.v[0]->base, "x:9");
	assert_ptr_equal(g.stages.v[1]->parent, g.stages.v[0]);
	graph_done(&g);
}

static void test_triggers(void **state)
{
	struct graph g;
	struct stage *s = NULL;
	autostrv triggers = { 0 }, bad = { 0 };
	struct error err = ERROR_INIT;

	load(&g, "FROM x AS build\nFROM y AS p\nFROM p\nRUN own\n", NULL);
	assert_int_equal(graph_target(&g, NULL, &s, NULL), 0);
	assert_false(g.stages.v[0]->needed);
	strv_push(&triggers, "COPY --from=build /a /b");
	strv_push(&triggers, "COPY <<E /h\nx\nE");
	assert_int_equal(graph_add_triggers(&g, s, &triggers, &err), 0);
	assert_true(g.stages.v[0]->needed);
	assert_int_equal(s->insts.n, 3);
	assert_true(s->insts.v[0].onbuild);
	assert_int_equal(s->insts.v[1].line->heredocs.n, 1);
	assert_int_equal(s->insts.v[2].kind, INST_RUN);
	strv_push(&bad, "FRM x");
	assert_int_equal(graph_add_triggers(&g, s, &bad, &err), -ERR_INVALID);
	assert_int_equal(err.pos.line, 3);
	graph_done(&g);
}

static void test_errors(void **state)
{
	static const struct {
		const char *text, *message;
		unsigned line, column;
	} cases[] = {
		{ "FROM a\nRUNN x\n", "did you mean RUN", 2, 1 },
		{ "ENV A=b\nFROM a\n", "before the first FROM", 1, 1 },
		{ "ARG A\n", "no FROM", 1, 1 },
		{ "FROM a AS 1bad\n", "1bad", 1, 11 },
		{ "FROM a b\n", "FROM takes", 1, 1 },
		{ "FROM $NOPE\n", "the base is empty", 1, 6 },
		{ "FROM a\nCOPY a\n", "only one", 2, 1 },
		{ "FROM a\nCOPY --chmood=1 a b\n", "did you mean --chmod", 2, 8 },
		{ "FROM a\nCOPY --chown=1 --chown=2 a b\n", "duplicate", 2, 8 },
		{ "FROM a\nCOPY --link=maybe a b\n", "true or false", 2, 8 },
		{ "FROM a\nENV A\n", "no value", 2, 1 },
		{ "FROM a\nENV A=1 B\n", "no = in", 2, 9 },
		{ "FROM a\nENTRYPOINT [\"a\", 1]\n", "strings", 2, 12 },
		{ "FROM a\nSHELL /bin/sh\n", "JSON", 2, 1 },
		{ "FROM a\nHEALTHCHECK RUN a\n", "no type", 2, 13 },
		{ "FROM a\nONBUILD ONBUILD RUN x\n", "ONBUILD", 2, 1 },
		{ "FROM a\nRUN --mount=type=bind,target=/x,bogus=1 true\n", "bogus", 2, 5 },
		{ "FROM a\nCOPY x <<EOF\nEOF\n", "destination", 2, 8 },
		{ "FROM a AS a\nCOPY --from=a / /\n", "itself", 2, 13 },
		{ "FROM a\nCOPY --from=b / /\nFROM c AS b\nFROM b\nCOPY --from=0 / /\n", "later", 2,
		  13 },
		{ "FROM a\nCOPY --from=7 / /\n", "stages", 2, 13 },
		{ "FROM a\nCOPY --from=$x / /\n", "variables", 2, 13 },
	};
	static const struct map none = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct graph g = { 0 };
		struct error err = ERROR_INIT;
		struct stage *s;
		int r = graph_load("D", str_of(cases[i].text), &none, &none, &g, &err);

		if (!r) {
			r = graph_target(&g, NULL, &s, &err);
			graph_done(&g);
		}
		if (r >= 0 || !strstr(err.msg, cases[i].message) || err.pos.line != cases[i].line ||
		    err.pos.column != cases[i].column)
			fail_msg("%s: %d %u:%u %s", cases[i].text, r, err.pos.line, err.pos.column,
				 err.msg);
		assert_string_equal(err.pos.file, "D");
	}
}

static void test_mounts(void **state)
{
	automap env = { 0 };
	struct run_mount m = { 0 };
	static const char *const bad[] = {
		"type=bind",
		"type=tmpfs,target=/x,size=no",
		"type=bind,target=/x,size=1m",
		"type=nosuch,target=/x",
		"type=secret",
		"type=bind,target=/x,uid=1",
		"type=bind,target=/x,sharing=locked",
		"target",
		"type=secret,id=a,source=b",
		"type=cache,target=/x,mode=9",
	};

	strmap_set(&env, "T", "/t");
	assert_int_equal(run_mount_parse("type=cache,target=$T/x,uid=5,mode=0710,sharing=locked",
					 '\\', &env, &m, NULL),
			 0);
	assert_int_equal(m.type, RUN_MOUNT_CACHE);
	assert_string_equal(m.target, "/t/x");
	assert_int_equal(m.uid, 5);
	assert_int_equal(m.gid, -1);
	assert_int_equal(m.mode, 0710);
	assert_int_equal(m.sharing, RUN_MOUNT_LOCKED);
	assert_false(m.read_only);
	run_mount_done(&m);
	assert_int_equal(run_mount_parse("\"target=/a,b\",rw", '\\', &env, &m, NULL), 0);
	assert_string_equal(m.target, "/a,b");
	assert_false(m.read_only);
	run_mount_done(&m);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (run_mount_parse(bad[i], '\\', &env, &m, NULL) != -ERR_INVALID)
			fail_msg("%s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_needed), cmocka_unit_test(test_target),
		cmocka_unit_test(test_args),   cmocka_unit_test(test_triggers),
		cmocka_unit_test(test_errors), cmocka_unit_test(test_mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
