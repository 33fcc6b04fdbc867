/* SPDX-License-Identifier: Apache-2.0 */
#include "event/slots.h"

#include "event/loop.h"
#include "util/io.h"
#include "util/path.h"
#include "util/strv.h"

#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct one { /* takes a slot of its pool whenever it is told, keeps it until it is given */
	struct slots *pool;
	struct slots_waiter w;
	bool has;
};

static void try(void *userdata)
{
	struct one *o = userdata;

	o->has = o->has || slots_take(o->pool, &o->w);
}

static void begin(struct one *o, struct slots *pool)
{
	*o = (struct one){ .pool = pool, .w = { .turn = try, .userdata = o } };
	try(o);
}

static void give(struct one *o)
{
	assert_true(o->has);
	o->has = false;
	slots_give(o->pool);
}

static unsigned count(const struct one *v, size_t n)
{
	unsigned has = 0;

	for (size_t i = 0; i < n; i++)
		has += v[i].has;
	return has;
}

static sd_event *make_loop(void)
{
	sd_event *loop;

	assert_int_equal(loop_new(&loop, NULL), 0);
	return loop;
}

static void turn(sd_event *loop)
{
	for (int i = 0; i < 5; i++)
		assert_true(sd_event_run(loop, 0) >= 0);
}

static void test_limit(void **state)
{
	autoloop *loop = make_loop();
	struct slots *s = slots_new(loop, NULL, 2);
	struct one v[5];

	for (size_t i = 0; i < 5; i++)
		begin(&v[i], s);
	assert_int_equal(count(v, 5), 2);
	turn(loop);
	assert_int_equal(count(v, 5), 2);
	give(&v[0]);
	turn(loop);
	assert_int_equal(count(v, 5), 2);
	assert_true(v[2].has); /* the first that waited */
	slots_forget(&v[3].w);
	give(&v[1]);
	give(&v[2]);
	turn(loop);
	assert_false(v[3].has);
	assert_true(v[4].has);
	slots_free(s);
}

static void test_inner(void **state)
{
	autoloop *loop = make_loop();
	struct slots *all = slots_new(loop, NULL, 3), *inner = slots_new(loop, all, 2);
	struct one v[3], w[3];

	for (size_t i = 0; i < 3; i++)
		begin(&v[i], inner);
	assert_int_equal(count(v, 3), 2);
	for (size_t i = 0; i < 3; i++)
		begin(&w[i], all);
	assert_int_equal(count(w, 3), 1);
	give(&v[0]);
	turn(loop);
	/* whoever came: three in all, and not more than two of the inner pool */
	assert_int_equal(count(v, 3) + count(w, 3), 3);
	assert_true(count(v, 3) <= 2);
	for (size_t i = 0; i < 3; i++) {
		slots_forget(&v[i].w);
		slots_forget(&w[i].w);
	}
	slots_free(inner);
	slots_free(all);
}

static void proc_says(const char *dir, const char *meminfo, const char *pressure)
{
	autofree char *a = path_join(dir, "meminfo"), *b = path_join(dir, "pressure/memory");

	assert_int_equal(io_replace_fast(AT_FDCWD, a, meminfo, strlen(meminfo), 0600, NULL), 0);
	assert_int_equal(io_replace_fast(AT_FDCWD, b, pressure, strlen(pressure), 0600, NULL), 0);
}

static void test_memory(void **state)
{
	static const char enough[] = "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 900 kB\n";
	static const char little[] = "MemTotal:        1000 kB\nMemAvailable:    49 kB\n";
	static const char calm[] = "some avg10=99.00 avg60=0.00\nfull avg10=9.99 avg60=50.00\n";
	static const char standstill[] = "some avg10=20.00\nfull avg10=10.00 avg60=0.00\n";
	char dir[] = "/tmp/unit-slots.XXXXXX";
	autofree char *pressure = NULL;
	autoloop *loop = make_loop();
	struct slots *s = slots_new(loop, NULL, 0);
	struct one v[2];

	assert_non_null(mkdtemp(dir));
	pressure = path_join(dir, "pressure");
	setenv("COMPOSE_TEST_PROC", dir, 1);
	assert_false(memory_is_short()); /* nothing is known */
	assert_int_equal(path_mkdirs(AT_FDCWD, pressure, 0700, NULL), 0);
	proc_says(dir, enough, calm);
	assert_false(memory_is_short());
	proc_says(dir, enough, standstill);
	assert_true(memory_is_short());
	proc_says(dir, little, calm);
	assert_true(memory_is_short());

	/* one goes on, and the next when it has ended */
	begin(&v[0], s);
	begin(&v[1], s);
	assert_true(v[0].has);
	assert_false(v[1].has);
	give(&v[0]);
	turn(loop);
	assert_true(v[1].has);
	unsetenv("COMPOSE_TEST_PROC");
	assert_int_equal(path_remove_tree(AT_FDCWD, dir, NULL), 0);
	slots_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_inner),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
