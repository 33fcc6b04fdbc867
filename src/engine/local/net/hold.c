/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/job.h"

#include "util/buf.h"
#include "util/env.h"
#include "util/fd.h"

#include <errno.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

#define LIMIT_HELD (4 * 1024 * 1024)

/* compose-port reads "PIDFD FD PROTOCOL ADDRESS PORT" lines; the descriptors keep their numbers. */
static int describe(const json_t *hold, struct buf *text, posix_spawn_file_actions_t *fa,
		    struct error *err)
{
	json_t *h;
	size_t i;

	json_array_foreach ((json_t *)hold, i, h) {
		int fd = (int)json_i64(h, "fd", -1), pidfd;

		pidfd = (int)syscall(SYS_pidfd_open, (pid_t)json_i64(h, "pid", 0), 0);
		if (pidfd < 0 && errno == ESRCH) /* its ports are free, then */
			continue;
		if (pidfd < 0)
			return error_sys(err, "process of container %.12s", json_str(h, "id"));
		posix_spawn_file_actions_adddup2(fa, pidfd, pidfd);
		posix_spawn_file_actions_adddup2(fa, fd, fd);
		buf_addf(text, "%d %d %s %s %d\n", pidfd, fd, json_str(h, "protocol"),
			 json_str(h, "address"), (int)json_i64(h, "port", 0));
	}
	return buf_check(text, "held ports", err);
}

static int spawn(const char *program, struct buf *text, posix_spawn_file_actions_t *fa,
		 struct error *err)
{
	char *argv[] = { (char[]){ "compose-port" }, NULL };
	posix_spawnattr_t at;
	autoclose int in = -1;
	pid_t pid;
	int r;

	r = fd_of_bytes("ports", text->p, text->len, &in, err);
	if (r < 0)
		return r;
	posix_spawn_file_actions_adddup2(fa, in, 0);
	posix_spawn_file_actions_addopen(fa, 1, "/dev/null", 2, 0);
	posix_spawn_file_actions_addopen(fa, 2, "/dev/null", 2, 0);
	posix_spawnattr_init(&at);
	posix_spawnattr_setflags(&at, POSIX_SPAWN_SETSID);
	r = posix_spawn(&pid, program, fa, &at, argv, environ);
	posix_spawnattr_destroy(&at);
	return r ? error_sys_from(err, r, "%s", program) : 0;
}

int hold_ports(const json_t *hold, struct error *err)
{
	posix_spawn_file_actions_t fa;
	autofree char *program = NULL;
	autobuf text = { 0 };
	int r;

	r = env_helper("compose-port", &program, err);
	if (r < 0)
		return r;
	buf_init(&text, LIMIT_HELD);
	posix_spawn_file_actions_init(&fa);
	r = describe(hold, &text, &fa, err);
	if (r == 0 && text.len)
		r = spawn(program, &text, &fa, err);
	posix_spawn_file_actions_destroy(&fa);
	return r;
}
