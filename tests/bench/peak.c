/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peak COMMAND...: runs it, with its output to nowhere, and prints the most memory that it had at a
 * time, in KiB, and the time that processors spent for it, in microseconds. A program of its own,
 * and a small one: the kernel counts what the caller had until exec() as the command's.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(char **argv)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return 126;
	execvp(argv[0], argv);
	return 127;
}

static long long microseconds(struct timeval t)
{
	return t.tv_sec * 1000000LL + t.tv_usec;
}

int main(int argc, char **argv)
{
	struct rusage used;
	int status;
	pid_t pid;

	if (argc < 2)
		return 2;
	pid = fork();
	if (pid == 0)
		_exit(run(argv + 1));
	if (pid < 0 || wait4(pid, &status, 0, &used) < 0 || status != 0)
		return 1;
	printf("%ld %lld\n", used.ru_maxrss,
	       microseconds(used.ru_utime) + microseconds(used.ru_stime));
	return 0;
}
