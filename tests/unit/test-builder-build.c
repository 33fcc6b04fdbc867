/* SPDX-License-Identifier: Apache-2.0 */
/* Whole builds over a real store in a temporary directory, with a runner that only says what it was
 * asked for. Needs root. */
#include "builder/build.h"
#include "event/loop.h"
#include "registry/db.h"
#include "util/io.h"
#include "util/path.h"
#include "util/time.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct world {
	char dir[64];
	char *ctx;
	sd_event *loop;
	struct store *store;
	struct build_runner runner;
	struct strv ran;      /* commands, as they began */
	struct strv last_env; /* of the newest one */
	struct strv warnings;
	unsigned now, most; /* at once */
	unsigned cached;
};

struct fake {
	struct task task;
	struct world *w;
	int *ret_code;
	char *command, *upper;
	sd_event_source *timer;
};

static void fake_free(struct task *t)
{
	struct fake *f = container_of(t, struct fake, task);

	source_unrefp(&f->timer);
	free(f->command);
	free(f->upper);
	free(f);
}

static void fake_cancel(struct task *t)
{
	struct fake *f = container_of(t, struct fake, task);
	struct error err = ERROR_INIT;

	error_set(&err, ERR_CANCELLED, "cancelled");
	source_unrefp(&f->timer);
	f->w->now--;
	task_fail(t, &err);
}

static const struct task_ops fake_ops = { "fake run", fake_cancel, fake_free };

/* "write NAME TEXT" leaves a file, "exit N" fails, anything else does nothing. */
static void fake_end(void *userdata)
{
	struct fake *f = userdata;
	char name[64], text[64];
	int code = 0;

	f->w->now--;
	if (sscanf(f->command, "write %63s %63s", name, text) == 2) {
		autofree char *path = path_join(f->upper, name);

		assert_int_equal(io_replace_fast(AT_FDCWD, path, text, strlen(text), 0644, NULL),
				 0);
	}
	sscanf(f->command, "exit %d", &code);
	*f->ret_code = code;
	task_end(&f->task, 0);
}

static struct task *fake_run(void *userdata, const struct build_step *step, int *ret_code)
{
	struct world *w = userdata;
	struct fake *f = xnew(struct fake);

	task_init(&f->task, &fake_ops, w->loop);
	f->w = w;
	f->ret_code = ret_code;
	f->command = xstrdup(step->argv.v[step->argv.n - 1]);
	f->upper = xstrdup(step->upper);
	strv_push(&w->ran, f->command);
	strv_copy(&w->last_env, &step->env);
	w->now++;
	w->most = MAX(w->most, w->now);
	if (starts_with(f->command, "exit"))
		step->output(step->userdata, true, "the reason\n", 11);
	assert_int_equal(loop_after(w->loop, 5 * NSEC_PER_MSEC, fake_end, f, &f->timer, NULL), 0);
	return &f->task;
}

static struct task *fake_image(void *userdata, const char *ref, const char *platform, bool pull,
			       struct image *ret)
{
	struct world *w = userdata;
	struct error err = ERROR_INIT;
	int r = store_image_find(w->store, ref, ret, &err);

	if (!r)
		r = error_set(&err, ERR_NOT_FOUND, "there is no image %s", ref);
	return task_resolved(w->loop, MIN(r, 0), &err);
}

static void on_event(void *userdata, const struct build_event *ev)
{
	struct world *w = userdata;

	w->cached += ev->type == BUILD_STEP_CACHED && !starts_with(ev->text, "FROM");
	if (ev->type == BUILD_WARNING)
		strv_push(&w->warnings, ev->text);
}

static int set_up(void **state)
{
	struct world *w = xnew(struct world);
	autofree char *dir = NULL;

	snprintf(w->dir, sizeof(w->dir), "/tmp/compose-test-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->ctx = path_join(w->dir, "ctx");
	dir = path_join(w->dir, "state");
	assert_int_equal(mkdir(w->ctx, 0755), 0);
	assert_int_equal(loop_new(&w->loop, NULL), 0);
	assert_int_equal(store_open(dir, &w->store, NULL), 0);
	w->runner = (struct build_runner){ .run = fake_run, .image = fake_image, .userdata = w };
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	store_free(w->store);
	sd_event_unref(w->loop);
	path_remove_tree(AT_FDCWD, w->dir, NULL);
	strv_done(&w->ran);
	strv_done(&w->last_env);
	strv_done(&w->warnings);
	free(w->ctx);
	free(w);
	return 0;
}

static void put(struct world *w, const char *name, const char *text)
{
	autofree char *path = path_join(w->ctx, name);

	assert_int_equal(io_replace_fast(AT_FDCWD, path, text, strlen(text), 0644, NULL), 0);
}

static int build(struct world *w, const char *dockerfile, struct build_options *extra,
		 char id[DIGEST_MAX], struct error *err)
{
	struct build_options opt = extra ? *extra : (struct build_options){ 0 };

	opt.context = w->ctx;
	opt.dockerfile_inline = (char *)(uintptr_t)dockerfile;
	opt.event = on_event;
	opt.userdata = w;
	strv_done(&w->ran);
	w->cached = w->most = 0;
	return task_wait(build_start(w->loop, w->store, &w->runner, &opt, id), err);
}

#define BUILD_OK(...)                                                \
	do {                                                         \
		struct error err_ = ERROR_INIT;                      \
		if (build(__VA_ARGS__, &err_) < 0)                   \
			fail_msg("%u: %s", err_.pos.line, err_.msg); \
	} while (0)

static void test_cache(void **state)
{
	struct world *w = *state;
	static const char df[] = "FROM scratch\nENV A=1\nCOPY f /f\nRUN write out x\nWORKDIR /w\n";
	char one[DIGEST_MAX], two[DIGEST_MAX];
	struct build_options again = { .no_cache = true };
	struct image_config c = { 0 };

	put(w, "f", "1");
	BUILD_OK(w, df, NULL, one);
	assert_int_equal(w->ran.n, 1);
	BUILD_OK(w, df, NULL, two);
	assert_int_equal(w->ran.n, 0);
	assert_int_equal(w->cached, 3);
	assert_string_equal(one, two);
	put(w, "beside", "x");
	BUILD_OK(w, df, NULL, two);
	assert_int_equal(w->ran.n, 0);
	put(w, "f", "2");
	BUILD_OK(w, df, NULL, two);
	assert_int_equal(w->ran.n, 1);
	assert_string_not_equal(one, two);
	BUILD_OK(w, df, &again, two);
	assert_int_equal(w->ran.n, 1);
	assert_int_equal(store_image_config(w->store, two, &c, NULL), 0);
	assert_int_equal(c.diff_ids.n, 3);
	assert_string_equal(c.config.working_dir, "/w");
	image_config_done(&c);
}

/* A row that makes no sense, or whose layer is gone, is a miss. */
static void test_damaged_cache(void **state)
{
	struct world *w = *state;
	static const char df[] = "FROM scratch\nRUN write a b\n";
	char id[DIGEST_MAX];

	BUILD_OK(w, df, NULL, id);
	assert_int_equal(sqlite3_exec(store_db(w->store), "UPDATE build_cache SET diff_id = 'x'",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	BUILD_OK(w, df, NULL, id);
	assert_int_equal(w->ran.n, 1);
	assert_int_equal(
		sqlite3_exec(store_db(w->store),
			     "UPDATE build_cache SET diff_id = 'sha256:' || hex(zeroblob(32))",
			     NULL, NULL, NULL),
		SQLITE_OK);
	BUILD_OK(w, df, NULL, id);
	assert_int_equal(w->ran.n, 1);
	BUILD_OK(w, df, NULL, id);
	assert_int_equal(w->ran.n, 0);
}

static void test_stages(void **state)
{
	struct world *w = *state;
	struct build_options opt = { .parallel = 2 };
	char id[DIGEST_MAX];

	BUILD_OK(w,
		 "FROM scratch AS a\nRUN write a 1\nFROM scratch AS b\nRUN write b 1\n"
		 "FROM scratch AS unused\nRUN exit 1\n"
		 "FROM scratch\nCOPY --from=a /a /\nCOPY --from=b /b /\n",
		 &opt, id);
	assert_int_equal(w->ran.n, 2);
	assert_int_equal(w->most, 2);
	opt.parallel = 1;
	opt.no_cache = true;
	BUILD_OK(w,
		 "FROM scratch AS a\nRUN write a 1\nFROM scratch AS b\nRUN write b 1\n"
		 "FROM scratch\nCOPY --from=a /a /\nCOPY --from=b /b /\n",
		 &opt, id);
	assert_int_equal(w->most, 1);
}

static void test_failure(void **state)
{
	struct world *w = *state;
	struct error err = ERROR_INIT;
	char id[DIGEST_MAX];
	int r = build(w,
		      "FROM scratch AS a\nRUN exit 7\nFROM scratch\nRUN write x y\nRUN write z y\n"
		      "COPY --from=a / /\n",
		      &(struct build_options){ .parallel = 2 }, id, &err);

	assert_int_equal(r, -ERR_CHILD);
	assert_int_equal(err.exit_code, 7);
	assert_int_equal(err.pos.line, 2);
	assert_non_null(strstr(err.msg, "the reason"));
	assert_non_null(strstr(err.msg, "exit code 7"));
	assert_int_equal(w->now, 0);
	assert_int_equal(build(w, "FROM nosuch\n", NULL, id, &err), -ERR_NOT_FOUND);
	assert_non_null(strstr(err.msg, "nosuch"));
	assert_int_equal(build(w, "FROM scratch\nCOPY missing /\n", NULL, id, &err),
			 -ERR_NOT_FOUND);
	assert_int_equal(build(w, "FROM scratch\nRUN --network=host x\n", NULL, id, &err),
			 -ERR_AUTH);
}

static void test_cancel(void **state)
{
	struct world *w = *state;
	struct error err = ERROR_INIT;
	struct build_options opt = {
		.context = w->ctx,
		.dockerfile_inline = (char[]){ "FROM scratch\nRUN a\nRUN b\n" },
	};
	char id[DIGEST_MAX];
	struct task *t = build_start(w->loop, w->store, &w->runner, &opt, id);

	while (!w->ran.n)
		assert_true(sd_event_run(w->loop, UINT64_MAX) >= 0);
	task_cancel(t);
	assert_int_equal(task_wait(t, &err), -ERR_CANCELLED);
	assert_int_equal(w->now, 0);
}

static void test_config(void **state)
{
	struct world *w = *state;
	struct build_options opt = { 0 };
	struct image_config c = { 0 };
	struct image im = { 0 };
	char id[DIGEST_MAX];

	strmap_set(&opt.args, "V", "cli");
	strmap_set(&opt.args, "SOURCE_DATE_EPOCH", "1234567890");
	strmap_set(&opt.args, "http_proxy", "http://p/");
	strmap_set(&opt.labels, "l", "1");
	strv_push(&opt.tags, "t:1");
	strv_push(&opt.tags, "t:2");
	BUILD_OK(w,
		 "FROM scratch\nARG V=arg\nENV A=$V B=${NOPE:-d}\nENV V=env\nRUN one\nARG V=late\n"
		 "RUN two\nUSER 5\nEXPOSE 80 53/udp\nVOLUME /v\nCMD [\"c\"]\nENTRYPOINT e f\n"
		 "HEALTHCHECK --interval=5s CMD x\nSTOPSIGNAL SIGINT\nONBUILD RUN x\nLABEL a=b\n",
		 &opt, id);
	assert_int_equal(store_image_config(w->store, id, &c, NULL), 0);
	assert_string_equal(strv_env(&c.config.env, "A"), "cli");
	assert_string_equal(strv_env(&c.config.env, "B"), "d");
	assert_string_equal(strv_env(&c.config.env, "V"), "env");
	assert_non_null(strv_env(&c.config.env, "PATH"));
	assert_string_equal(strv_env(&w->last_env, "V"), "cli");
	assert_string_equal(strv_env(&w->last_env, "HTTP_PROXY"), "http://p/");
	assert_string_equal(strv_env(&w->last_env, "HOME"), "/");
	assert_null(strv_env(&c.config.env, "http_proxy"));
	assert_string_equal(c.created, "2009-02-13T23:31:30Z");
	assert_string_equal(c.config.user, "5");
	assert_int_equal(c.config.exposed_ports.n, 2);
	assert_int_equal(c.config.entrypoint.n, 3);
	assert_int_equal(c.config.cmd.n, 1);
	assert_int_equal(c.config.healthcheck->interval, 5 * NSEC_PER_SEC);
	assert_int_equal(c.config.on_build.n, 1);
	assert_string_equal(strmap_get(&c.config.labels, "l"), "1");
	assert_int_equal(store_image_find(w->store, "t:2", &im, NULL), 1);
	assert_string_equal(im.id, id);
	image_done(&im);
	image_config_done(&c);
	map_done(&opt.args);
	map_done(&opt.labels);
	strv_done(&opt.tags);
}

static void test_lint(void **state)
{
	struct world *w = *state;
	struct error err = ERROR_INIT;
	char id[DIGEST_MAX];

	BUILD_OK(w, "FROM scratch as Up\nENV a b\nWORKDIR rel\nCMD x\nCMD y\nARG MY_TOKEN\n", NULL,
		 id);
	assert_int_equal(w->warnings.n, 8);
	assert_int_equal(build(w, "# check=error=true\nFROM scratch as x\n", NULL, id, &err),
			 -ERR_INVALID);
	BUILD_OK(w, "# check=skip=FromAsCasing;error=true\nFROM scratch as x\n", NULL, id);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_cache),  TEST(test_damaged_cache), TEST(test_stages), TEST(test_failure),
		TEST(test_cancel), TEST(test_config),	     TEST(test_lint),
	};

	if (geteuid()) {
		fprintf(stderr, "needs root: layers are made\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
