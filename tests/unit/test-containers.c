/* SPDX-License-Identifier: Apache-2.0 */
/* strv, map, vec and arena. */
#include "unit.h"

#include "util/arena.h"
#include "util/map.h"
#include "util/strv.h"
#include "util/vec.h"

static void test_strv(void **state)
{
	autostrv l = { 0 }, m = { 0 };

	assert_null(strv_v(&l)[0]);
	strv_split(&l, STR("b,,a,b"), ',');
	assert_int_equal(l.n, 4);
	assert_text(strv_join(&l, "|"), "b||a|b");
	strv_uniq(&l);
	assert_text(strv_join(&l, "|"), "b||a");
	strv_sort(&l);
	assert_text(strv_join(&l, "|"), "|a|b");
	strv_insert(&l, 1, "x");
	strv_remove(&l, 0);
	assert_text(strv_join(&l, "|"), "x|a|b");
	assert_null(l.v[l.n]);
	strv_copy(&m, &l);
	assert_true(strv_eq(&l, &m));
	strv_extend(&m, &m);
	assert_text(strv_join(&m, ""), "xabxab");
	assert_true(strv_has(&l, "a") && !strv_has(&l, "c"));
	strv_pushf(&l, "%d", 7);
	assert_string_equal(l.v[3], "7");
}

static void test_strv_env(void **state)
{
	autostrv l = { 0 };

	strv_push(&l, "A");
	strv_push(&l, "AB=1");
	assert_null(strv_env(&l, "A"));
	strv_env_set(&l, "A", "x=y");
	strv_env_set(&l, "AB", "");
	assert_string_equal(strv_env(&l, "A"), "x=y");
	assert_string_equal(strv_env(&l, "AB"), "");
	assert_int_equal(l.n, 3);
}

static void test_strv_foreach_of_nothing(void **state)
{
	autostrv l = { 0 };
	size_t n = 0;

	strv_foreach (s, &l)
		n += strlen(s) + 1;
	assert_int_equal(n, 0);
}

static void test_map_keeps_order(void **state)
{
	static const char *const order[] = { "b", "c", "d", "a" };
	automap m = { 0 };
	autofree const char **sorted = NULL;
	size_t i = 0;

	strmap_set(&m, "a", "1");
	strmap_set(&m, "b", "2");
	strmap_set(&m, "c", "3");
	strmap_set(&m, "d", NULL);
	strmap_set(&m, "b", "22"); /* keeps its place */
	assert_true(map_remove(&m, "a"));
	assert_false(map_remove(&m, "a"));
	strmap_set(&m, "a", "4"); /* goes to the end */
	assert_true(map_has(&m, "d"));
	assert_null(map_get(&m, "d"));
	assert_string_equal(strmap_get(&m, "b"), "22");
	map_foreach (x, &m)
		assert_string_equal(x->key, order[i++]);
	assert_int_equal(i, 4);
	sorted = map_sorted_keys(&m);
	assert_string_equal(sorted[0], "a");
	assert_string_equal(sorted[3], "d");
}

static void test_map_large(void **state)
{
	automap m = { 0 }, copy = { 0 };
	char key[32];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 5000; i++) {
			snprintf(key, sizeof(key), "key %d", i);
			strmap_set(&m, key, key);
		}
		for (int i = 0; i < 5000; i += 2) {
			snprintf(key, sizeof(key), "key %d", i);
			assert_true(map_remove(&m, key));
		}
		assert_int_equal(m.n, 2500);
	}
	strmap_copy(&copy, &m);
	for (int i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		assert_int_equal(map_has(&copy, key), i % 2);
	}
	/* What is removed and set again and again takes no more room. */
	for (int i = 0; i < 100000; i++) {
		strmap_set(&m, "again", "x");
		map_remove(&m, "again");
	}
	assert_true(m.cap < 20000);
}

static void test_vec(void **state)
{
	VEC(struct { int a, b; }) l = { 0 };
	int sum = 0;

	vec_foreach (p, &l)
		sum += p->a;
	for (int i = 0; i < 100; i++)
		vec_add(&l)->a = i;
	vec_remove(&l, 0);
	vec_remove(&l, l.n - 1);
	vec_foreach (p, &l) {
		assert_int_equal(p->b, 0);
		sum += p->a;
	}
	assert_int_equal(sum, 4950 - 99);
	vec_done(&l);
	assert_null(l.v);
}

static void test_arena(void **state)
{
	autocall(arena_freep) struct arena *a = arena_new();
	char *last = NULL, *p;

	for (size_t n = 0; n < 300; n++) {
		p = arena_alloc(a, n * 37);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		assert_ptr_not_equal(p, last);
		for (size_t i = 0; i < n * 37; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, n * 37);
		last = n ? p : NULL;
	}
	assert_string_equal(arena_strdup(a, "abc"), "abc");
	assert_string_equal(arena_strndup(a, "abc", 2), "ab");
	assert_string_equal(arena_strndup(a, "abc", 99), "abc");
	assert_string_equal(arena_strndup(a, NULL, 0), "");
	assert_string_equal(arena_printf(a, "%d-%s", 1, "x"), "1-x");
	assert_memory_equal(arena_memdup(a, "\0\1", 2), "\0\1", 2);
	assert_non_null(arena_alloc(a, 3 * 1024 * 1024));
	assert_true(arena_used(a) > 3 * 1024 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strv),
		cmocka_unit_test(test_strv_env),
		cmocka_unit_test(test_strv_foreach_of_nothing),
		cmocka_unit_test(test_map_keeps_order),
		cmocka_unit_test(test_map_large),
		cmocka_unit_test(test_vec),
		cmocka_unit_test(test_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
