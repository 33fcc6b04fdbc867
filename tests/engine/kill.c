/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine-kill ROUNDS: kill -9 of whoever uses the engine, of shims, monitors and runtimes, at
 * random moments; after each, what is there can be used, and at the end nothing is left over.
 */
#include "fixture.h"

#include "event/child.h"
#include "util/io.h"
#include "util/num.h"
#include "util/time.h"

#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPS(f) (f)->engine->ops
#define E(f)   (f)->engine

static unsigned rounds = 20;
static char *self;

/* The victim: containers come and go until it is killed. */
static void victim(const char *project)
{
	struct fixture f = { .spec.stop_timeout = -1,
			     .spec.resources.memory_swappiness = -1,
			     .real = true };

	fixture_engine = "local";
	assert_ok(loop_new(&f.loop, &err));
	assert_ok(engine_local_new(f.loop, &f.engine, &err));
	for (unsigned i = 0;; i++) {
		char id[65], name[64];

		snprintf(name, sizeof(name), "v-%d-%u", (int)getpid(), i);
		strmap_set(&f.spec.labels, "com.docker.compose.project", project);
		f.spec.restart = i & 1 ? RESTART_ALWAYS : RESTART_NO;
		f.spec.network_mode = i % 3 ? xstrdup("none") : NULL;
		container(&f, name);
		snprintf(id, sizeof(id), "%s", f.id);
		good(&f, OPS(&f)->container_start(E(&f), id));
		if (i % 4 == 1)
			good(&f, OPS(&f)->container_stop(E(&f), id, 0, false));
		if (i % 4 == 2)
			good(&f, OPS(&f)->container_remove(E(&f), id, true, true));
	}
}

static bool cmdline_has(int pid, const char *text, const char *not_text)
{
	autofree char *path = xprintf("/proc/%d/cmdline", pid);
	autobuf b = { 0 };

	buf_init(&b, 1 << 20);
	if (io_read_file(AT_FDCWD, path, &b, NULL) < 0)
		return false;
	for (size_t i = 0; i < b.len; i++)
		if (!b.p[i])
			b.p[i] = ' ';
	return strstr(b.p, text) && !(not_text && strstr(b.p, not_text));
}

/* Processes whose command line names this directory, or this project. */
static size_t ours(const char *text, int *pids, size_t max)
{
	DIR *d = opendir("/proc");
	struct dirent *de;
	size_t n = 0;

	while ((de = readdir(d)) && n < max) {
		uint64_t pid;

		if (num_parse_u64(str_of(de->d_name), INT_MAX, &pid) < 0 || (int)pid == getpid())
			continue;
		if (cmdline_has((int)pid, text, "engine-kill"))
			pids[n++] = (int)pid;
	}
	closedir(d);
	return n;
}

static void kill_one(const char *text)
{
	int pids[256];
	size_t n = ours(text, pids, ARRAY_SIZE(pids));

	if (n)
		kill(pids[(size_t)rand() % n], SIGKILL);
}

/* One that is just ending may say "running" a little longer than it does. */
static bool states_hold(struct fixture *f, void *userdata)
{
	container_vec v = { 0 };
	bool hold = true;

	good(f, OPS(f)->container_list(E(f), NULL, &v));
	vec_foreach (i, &v)
		if (i->state == CONTAINER_RUNNING && kill(i->pid, 0) < 0)
			hold = false;
	container_vec_done(&v);
	return hold;
}

static void one_round(struct fixture *f, const char *project)
{
	char *const argv[] = { self, (char *)"victim", (char *)project, NULL };
	const struct child_spec spec = {
		.program = self, .argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1
	};
	struct child c = CHILD_INIT;
	int code;

	assert_ok(child_spawn(&spec, &c, &err));
	poll(NULL, 0, rand() % 300);
	if (rand() % 2) {
		kill_one(rand() % 2 ? f->dir : project);
		poll(NULL, 0, rand() % 60);
	}
	child_kill(&c, SIGKILL);
	assert_ok(child_wait(&c, &code, &err));
	if (rand() % 2)
		kill_one(rand() % 3 ? f->dir : project);
	good(f, OPS(f)->recover(E(f), project));
	until(f, states_hold, NULL);
}

static bool nobody(struct fixture *f, void *userdata)
{
	int pids[8];

	return !ours(f->dir, pids, 8) && !ours(userdata, pids, 8);
}

static void assert_empty(const struct fixture *f, const char *sub)
{
	autofree char *path = xprintf("%s/run/%s", f->dir, sub);
	DIR *d = opendir(path);
	struct dirent *de;

	while (d && (de = readdir(d)))
		if (de->d_name[0] != '.')
			fail_msg("left over: %s/%s", path, de->d_name);
	if (d)
		closedir(d);
}

static void assert_not_in(const char *file, const char *text)
{
	autobuf b = { 0 };

	buf_init(&b, 16 << 20);
	assert_ok(io_read_file(AT_FDCWD, file, &b, &err));
	if (strstr(b.p, text))
		fail_msg("left over: %s is in %s", text, file);
}

static void assert_no_groups(struct strv *ids)
{
	static const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/memory",
					     "/sys/fs/cgroup/pids", "/sys/fs/cgroup/freezer" };

	strv_foreach (id, ids)
		for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
			autofree char *path = xprintf("%s/compose/%s", roots[i], id);

			if (path_exists(path))
				fail_msg("left over: %s", path);
		}
}

static void kills(void **state)
{
	struct fixture *f = *state;
	autofree char *project = xprintf("kill%d", (int)getpid());
	autostrv ids = { 0 };
	container_vec v = { 0 };

	srand((unsigned)time_now());
	for (unsigned i = 0; i < rounds; i++)
		one_round(f, project);
	good(f, OPS(f)->container_list(E(f), NULL, &v));
	print_message("%zu containers were left by %u rounds\n", v.n, rounds);
	assert_true(v.n > 0);
	vec_foreach (i, &v) {
		strv_push(&ids, i->id);
		good(f, OPS(f)->container_remove(E(f), i->id, true, true));
	}
	container_vec_done(&v);
	good(f, OPS(f)->recover(E(f), project));
	until(f, nobody, project);
	assert_empty(f, "containers");
	assert_empty(f, "oci");
	assert_not_in("/proc/mounts", f->dir);
	assert_no_groups(&ids);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(kills, fixture_open,
									    fixture_close) };
	uint64_t n;

	self = realpath("/proc/self/exe", NULL);
	if (argc == 3 && streq(argv[1], "victim")) {
		victim(argv[2]);
		return 1;
	}
	if (argc > 1 && num_parse_u64(str_of(argv[1]), 100000, &n) == 0)
		rounds = (unsigned)n;
	fixture_engine = "local";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
