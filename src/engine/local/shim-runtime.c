/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/shim.h"

#include "engine/local/cgroup.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_RUNTIME_LOG (64 << 10)

extern char **environ;

/* The lock goes along: while the runtime is at work after our death, nobody takes the container for
 * a dead one. It closes it before the container's own program starts. */
static int spawn(const char *program, char *const *argv, const int stdio[3], int lockfd, pid_t *ret)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	for (int i = 0; i < 3; i++)
		if (stdio[i] >= 0)
			posix_spawn_file_actions_adddup2(&fa, stdio[i], i);
		else
			posix_spawn_file_actions_addopen(&fa, i, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&fa, lockfd, lockfd);
	r = posix_spawnp(ret, program, &fa, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&attr);
	return r;
}

int shim_runtime_start(struct shim *s, struct error *err)
{
	const char *argv[20];
	int stdio[3] = { s->in_r, s->out_w[0], s->out_w[1] };
	size_t n = 0;
	int r;

	argv[n++] = s->job.runtime;
	argv[n++] = "--root";
	argv[n++] = s->job.runtime_root;
	if (!s->job.cgroup)
		argv[n++] = "--cgroup-manager=disabled";
	argv[n++] = "--log";
	argv[n++] = "runtime.log";
	argv[n++] = "run";
	argv[n++] = "--detach";
	argv[n++] = "--pid-file";
	argv[n++] = "pid";
	argv[n++] = "--bundle";
	argv[n++] = ".";
	if (s->job.tty) {
		argv[n++] = "--console-socket";
		argv[n++] = "console.sock";
	}
	argv[n++] = s->job.id;
	argv[n] = NULL;
	unlinkat(s->dirfd, "runtime.log", 0);
	unlinkat(s->dirfd, "pid", 0);
	r = spawn(s->job.runtime, (char *const *)argv, stdio, s->lockfd, &s->runtime);
	if (r == ENOENT)
		return error_set(err, ERR_NOT_FOUND,
				 "%s is not installed: install the package crun (or runc, with "
				 "COMPOSE_RUNTIME=runc)",
				 s->job.runtime);
	if (r)
		return error_sys_from(err, r, "%s", s->job.runtime);
	shim_io_started(s);
	return 0;
}

/* "2026-11-20T10:27:42.000000Z: TEXT" of crun, or `... level=error msg="TEXT"` of runc. */
static const char *message_of(char *line)
{
	char *p = strstr(line, "msg=\""), *end;

	if (p) {
		end = strrchr(p + 5, '"');
		if (end && end > p + 4)
			*end = 0;
		return p + 5;
	}
	p = strstr(line, "Z: ");
	return p ? p + 3 : line;
}

static int runtime_failed(struct shim *s, struct error *err)
{
	autobuf b = { 0 };
	char *last = NULL;

	buf_init(&b, LIMIT_RUNTIME_LOG);
	if (io_read_file(s->dirfd, "runtime.log", &b, NULL) == 0)
		for (char *p = b.p, *nl; (nl = strchr(p, '\n')); p = nl + 1) {
			*nl = 0;
			last = p;
		}
	if (last)
		return error_set(err, ERR_CHILD, "%s", message_of(last));
	return error_set(err, ERR_CHILD, "%s ended with %s %d", s->job.runtime,
			 WIFSIGNALED(s->runtime_status) ? "signal" : "status",
			 WIFSIGNALED(s->runtime_status) ? WTERMSIG(s->runtime_status)
							: WEXITSTATUS(s->runtime_status));
}

int shim_runtime_result(struct shim *s, struct error *err)
{
	autobuf b = { 0 };
	int r;

	if (s->runtime_status)
		return runtime_failed(s, err);
	buf_init(&b, 32);
	r = io_read_file(s->dirfd, "pid", &b, err);
	if (r < 0)
		return r;
	s->init = (pid_t)strtol(b.p, NULL, 10);
	if (s->init <= 0)
		return error_set(err, ERR_CHILD, "%s left no pid", s->job.runtime);
	vec_foreach (x, &s->reaped) {
		if (x->pid != s->init)
			continue;
		s->init_done = true;
		s->init_status = x->status;
	}
	return 0;
}

/* What `crun delete --force` would do, without starting a program for it: the runtime's state is
 * below a root of our own. */
void shim_runtime_cleanup(struct shim *s)
{
	autofree char *state = xprintf("%s/%s", s->job.runtime_root, s->job.id);

	if (s->job.cgroup) {
		cgroup_kill(s->job.cgroup);
		s->status.oom = s->status.oom || cgroup_oom(s->job.cgroup);
		cgroup_remove(s->job.cgroup, NULL);
	} else if (s->init && !s->init_done) {
		kill(s->init, SIGKILL); /* the first of its pid namespace, or of our children */
	}
	path_remove_tree(AT_FDCWD, state, NULL);
}
