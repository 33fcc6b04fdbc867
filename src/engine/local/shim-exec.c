/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/shim.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define NOT_FOUND 127
#define NOT_RUN	  126

int shim_exec_main(int argc, char **argv)
{
	if (argc < 1 || setns(SHIM_CONTROL_FD, CLONE_NEWNS) < 0) {
		fprintf(stderr, "compose-shim: enter the container's mount namespace: %s\n",
			strerror(errno));
		return NOT_RUN;
	}
	close(SHIM_CONTROL_FD);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	return errno == ENOENT ? NOT_FOUND : NOT_RUN;
}

static int spawn_main(char **argv, pid_t *ret)
{
	posix_spawnattr_t attr;
	sigset_t none;
	int r;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	r = posix_spawnp(ret, argv[0], NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	return r;
}

int shim_init_main(int argc, char **argv)
{
	sigset_t all;
	int sig, status, r;
	pid_t main_pid, pid;

	if (argc < 1)
		return NOT_RUN;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	r = spawn_main(argv, &main_pid);
	if (r) {
		fprintf(stderr, "%s: %s\n", argv[0], strerror(r));
		return r == ENOENT ? NOT_FOUND : NOT_RUN;
	}
	for (;;) {
		if (sigwait(&all, &sig))
			continue;
		if (sig != SIGCHLD) {
			kill(main_pid, sig);
			continue;
		}
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			if (pid == main_pid)
				return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
							   : WEXITSTATUS(status);
	}
}
