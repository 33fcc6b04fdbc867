/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "event/child.h"
#include "event/loop.h"
#include "util/io.h"

#include <errno.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#define SH(script) ((char *const[]){ (char *)"sh", (char *)"-c", (char *)(script), NULL })

/* Runs a script with what spec gives, its stdout back. */
static void run_spec(struct child_spec spec, const char *script, const char *expected)
{
	struct child c = CHILD_INIT;
	int p[2], code = -1;
	autobuf out;

	buf_init(&out, 10000);
	assert_ok(fd_pipe(p, &err));
	spec.program = "sh";
	spec.argv = SH(script);
	spec.stdout_fd = p[1];
	assert_ok(child_spawn(&spec, &c, &err));
	fd_close(p[1]);
	assert_ok(io_read_fd(p[0], &out, &err));
	fd_close(p[0]);
	assert_ok(child_wait(&c, &code, &err));
	assert_int_equal(code, 0);
	assert_int_equal(c.pidfd, -1);
	assert_string_equal(out.p, expected);
}

static void test_nothing_is_inherited(void **state)
{
	char *env[] = { (char *)"A=b", (char *)"PATH=/usr/bin:/bin", NULL };
	struct child_spec spec = { .stdin_fd = -1, .stderr_fd = -1, .envp = env };
	int leak = dup(STDERR_FILENO); /* without CLOEXEC */
	sigset_t set, old;

	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, &old);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	run_spec(spec,
		 "ls /proc/self/fd | wc -l; env | grep -v -e ^PWD -e ^_ -e ^SHLVL -e ^OLDPWD; "
		 "grep -e SigBlk -e SigIgn /proc/self/status; read x || echo empty",
		 "4\nA=b\nPATH=/usr/bin:/bin\nSigBlk:\t0000000000000000\n"
		 "SigIgn:\t0000000000000000\nempty\n");
	signal(SIGINT, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(leak);
}

/* Descriptors that lie in each other's way: 3 and 4 change places, stdin comes from what is 4. */
static void test_descriptors_are_placed(void **state)
{
	int fds[8], extra[3];
	struct child_spec spec = { .stderr_fd = -1, .extra_fds = extra, .n_extra_fds = 3 };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		char text[2] = { (char)('a' + i), 0 };

		assert_ok(fd_of_bytes("t", text, 1, &fds[i], &err));
	}
	spec.stdin_fd = fds[1];
	extra[0] = fds[2];
	extra[1] = fds[0];
	extra[2] = fds[5];
	run_spec(spec, "cat; cat <&3; cat <&4; cat <&5; ls /proc/self/fd | wc -l", "bcaf7\n");
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fd_close(fds[i]);
}

static void test_cwd_and_session(void **state)
{
	autofree char *real = realpath(*state, NULL), *expected = xprintf("%s\nleader\n", real);
	struct child_spec spec = {
		.stdin_fd = -1, .stderr_fd = -1, .cwd = *state, .new_session = true
	};
	struct child c = CHILD_INIT;

	run_spec(spec, "pwd -P; set -- $(cat /proc/$$/stat); [ $6 = $$ ] && echo leader", expected);
	spec = (struct child_spec){ .program = "sh",
				    .argv = SH("true"),
				    .stdin_fd = -1,
				    .stdout_fd = -1,
				    .stderr_fd = -1,
				    .cwd = "/no/where" };
	assert_fails(ERR_NOT_FOUND, child_spawn(&spec, &c, &err));
}

struct end {
	sd_event *loop;
	int code, n;
	bool signalled;
};

static void on_end(void *userdata, int code, bool signalled)
{
	struct end *e = userdata;

	e->code = code;
	e->signalled = signalled;
	e->n++;
	sd_event_exit(e->loop, 0);
}

static struct end watch(const char *script, int sig)
{
	struct child_spec spec = { .program = "sh",
				   .argv = SH(script),
				   .stdin_fd = -1,
				   .stdout_fd = -1,
				   .stderr_fd = -1 };
	autocall(source_unrefp) sd_event_source *s = NULL;
	struct child c = CHILD_INIT;
	autoloop *loop = NULL;
	struct end e = { 0 };

	assert_ok(loop_new(&loop, &err));
	e.loop = loop;
	assert_ok(child_spawn(&spec, &c, &err));
	assert_ok(child_watch(loop, &c, on_end, &e, &s, &err));
	if (sig)
		assert_int_equal(child_kill(&c, sig), 0);
	sd_event_loop(loop);
	assert_int_equal(c.pidfd, -1);
	assert_int_equal(child_kill(&c, SIGTERM), -ERR_NOT_FOUND);
	return e;
}

static void test_watch(void **state)
{
	struct end e = watch("exit 5", 0);

	assert_int_equal(e.code, 5);
	assert_false(e.signalled);
	assert_int_equal(e.n, 1);
	e = watch("exec sleep 1000", SIGTERM);
	assert_int_equal(e.code, 128 + SIGTERM);
	assert_true(e.signalled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_inherited),
		cmocka_unit_test(test_descriptors_are_placed),
		unit_test_in_dir(test_cwd_and_session),
		cmocka_unit_test(test_watch),
	};
	autoclose int self = pidfd_open(getpid(), 0);

	if (self < 0) {
		fprintf(stderr, "skipped: no pidfd_open here (%s)\n", strerror(errno));
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
