/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk-full DIRECTORY N COUNT COMMAND...: runs a command, and lets the N-th call by which it, or a
 * process of it, would write below the directory fail with ENOSPC; "N+": that and all after it; 0:
 * none. How many such calls there were goes into the file COUNT. Exit status: the command's, 77
 * when the kernel can't do it.
 *
 * By seccomp's user notification: so programs that are linked statically are no different.
 */
#include "util/fd.h"
#include "util/num.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIP   77
#define NONE   (-1)
#define END_MS 5000

/* Which argument says where it writes, and how. */
static const struct call {
	int nr;
	int fd;	  /* a descriptor: of the file, or of the directory that path starts from */
	int path; /* a path */
	int how;  /* only when it makes a file: flags */
} calls[] = {
	{ SYS_write, 0, NONE, NONE },	  { SYS_writev, 0, NONE, NONE },
	{ SYS_pwrite64, 0, NONE, NONE },  { SYS_pwritev, 0, NONE, NONE },
	{ SYS_fsync, 0, NONE, NONE },	  { SYS_fdatasync, 0, NONE, NONE },
	{ SYS_syncfs, 0, NONE, NONE },	  { SYS_ftruncate, 0, NONE, NONE },
	{ SYS_fallocate, 0, NONE, NONE }, { SYS_sendfile, 0, NONE, NONE },
	{ SYS_fsetxattr, 0, NONE, NONE }, { SYS_copy_file_range, 2, NONE, NONE },
	{ SYS_mkdirat, 0, 1, NONE },	  { SYS_mknodat, 0, 1, NONE },
	{ SYS_symlinkat, 1, 2, NONE },	  { SYS_linkat, 2, 3, NONE },
	{ SYS_renameat, 2, 3, NONE },	  { SYS_renameat2, 2, 3, NONE },
	{ SYS_openat, 0, 1, 2 },	  { SYS_openat2, 0, 1, 2 },
#ifdef SYS_open
	{ SYS_open, NONE, 0, 1 },	  { SYS_mkdir, NONE, 0, NONE },
	{ SYS_rename, NONE, 1, NONE },	  { SYS_link, NONE, 1, NONE },
	{ SYS_symlink, NONE, 1, NONE },
#endif
};

static int listener_new(void)
{
	struct sock_filter filter[2 * ARRAY_SIZE(calls) + 2];
	struct sock_fprog prog = { .filter = filter };

	filter[prog.len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							  offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		filter[prog.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
								  (unsigned)calls[i].nr, 0, 1);
		filter[prog.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
								  SECCOMP_RET_USER_NOTIF);
	}
	filter[prog.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &prog);
}

static bool link_text(const char *path, char text[PATH_MAX])
{
	ssize_t n = readlink(path, text, PATH_MAX - 1);

	text[MAX(n, 0)] = 0;
	return n > 0;
}

static bool memory(pid_t pid, uint64_t at, void *to, size_t n, size_t *ret_n)
{
	struct iovec ours = { to, n }, theirs = { (void *)(uintptr_t)at, n };
	ssize_t got;

	/* Not beyond the page, since the next one may not be there. */
	theirs.iov_len = MIN(n, 4096 - at % 4096);
	got = process_vm_readv(pid, &ours, 1, &theirs, 1, 0);
	if (got > 0 && (size_t)got < n && !memchr(to, 0, (size_t)got)) {
		ours = (struct iovec){ (char *)to + got, n - (size_t)got };
		theirs = (struct iovec){ (void *)(uintptr_t)(at + (size_t)got), n - (size_t)got };
		got += MAX(process_vm_readv(pid, &ours, 1, &theirs, 1, 0), 0);
	}
	*ret_n = (size_t)MAX(got, 0);
	return got > 0;
}

/* The file that a call is about: through /proc, so that it can be asked for, and by its name. */
static bool subject(const struct seccomp_notif *n, const struct call *c, char via[2 * PATH_MAX],
		    char name[PATH_MAX])
{
	int fd = c->fd == NONE ? AT_FDCWD : (int)n->data.args[c->fd];
	char path[PATH_MAX] = "";
	size_t got;

	if (c->path != NONE &&
	    (!memory((pid_t)n->pid, n->data.args[c->path], path, sizeof(path) - 1, &got) ||
	     !memchr(path, 0, sizeof(path))))
		return false;
	if (*path == '/') {
		snprintf(via, 2 * PATH_MAX, "%s", path);
		snprintf(name, PATH_MAX, "%s", path);
		return true;
	}
	if (fd == AT_FDCWD)
		snprintf(via, 2 * PATH_MAX, "/proc/%u/cwd", n->pid);
	else
		snprintf(via, 2 * PATH_MAX, "/proc/%u/fd/%d", n->pid, fd);
	if (!link_text(via, name))
		return false;
	if (*path)
		snprintf(via + strlen(via), PATH_MAX, "/%s", path);
	return true;
}

static uint64_t flags_of(const struct seccomp_notif *n, const struct call *c)
{
	struct open_how how = { 0 };
	size_t got;

	if (c->nr != SYS_openat2)
		return n->data.args[c->how];
	return memory((pid_t)n->pid, n->data.args[c->how], &how, sizeof(how), &got) ? how.flags : 0;
}

static bool writes_below(const struct seccomp_notif *n, const char *dir)
{
	char via[2 * PATH_MAX], name[PATH_MAX];
	const char *below;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].nr != n->data.nr)
			continue;
		if (!subject(n, &calls[i], via, name))
			return false;
		below = skip_prefix(name, dir);
		if (!below || (*below && *below != '/'))
			return false;
		return calls[i].how == NONE ||
		       ((flags_of(n, &calls[i]) & O_CREAT) &&
			faccessat(AT_FDCWD, via, F_OK, AT_SYMLINK_NOFOLLOW));
	}
	return false;
}

struct plan {
	const char *dir;
	uint64_t nth, seen;
	bool all_after;
};

static void answer(int listener, struct plan *p)
{
	struct seccomp_notif n = { 0 };
	struct seccomp_notif_resp resp = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n) < 0)
		return;
	resp.id = n.id;
	if (writes_below(&n, p->dir)) {
		p->seen++;
		if (p->nth && (p->seen == p->nth || (p->all_after && p->seen > p->nth))) {
			resp.flags = 0;
			resp.error = -ENOSPC;
		}
	}
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

/* Until nobody is left who is watched: its own processes end soon after the command. The kernel
 * counts one that ended until it is waited for. */
static int serve(int listener, int pidfd, pid_t pid, struct plan *p)
{
	struct pollfd fds[] = { { .fd = listener, .events = POLLIN },
				{ .fd = pidfd, .events = POLLIN } };
	int status = 0, n;

	for (;;) {
		n = poll(fds, ARRAY_SIZE(fds), fds[1].fd < 0 ? END_MS : -1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (fds[0].revents & POLLIN)
			answer(listener, p);
		else if (fds[0].revents)
			break;
		if (fds[1].revents) {
			(void)waitpid(pid, &status, 0);
			fds[1].fd = -1;
		}
	}
	if (fds[1].fd >= 0)
		(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Stopped until we have the listener: from then on it can't write without us. */
static void child(char **argv, int *shared)
{
	*shared = listener_new();
	if (*shared < 0)
		_exit(SKIP);
	(void)raise(SIGSTOP);
	(void)close(*shared);
	execvp(argv[0], argv);
	_exit(127);
}

static int run(struct plan *p, char **argv)
{
	int *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		child(argv, shared);
	if (pid < 0 || waitpid(pid, &status, WUNTRACED) < 0)
		return SKIP;
	if (!WIFSTOPPED(status))
		return SKIP;
	autoclose int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	autoclose int listener = (int)syscall(SYS_pidfd_getfd, pidfd, *shared, 0);
	if (listener < 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, &status, 0);
		return SKIP;
	}
	(void)kill(pid, SIGCONT);
	return serve(listener, pidfd, pid, p);
}

static void say(const char *file, uint64_t n)
{
	FILE *f = fopen(file, "we");

	if (!f)
		return;
	(void)fprintf(f, "%llu\n", (unsigned long long)n);
	(void)fclose(f);
}

int main(int argc, char **argv)
{
	struct plan p = { 0 };
	struct str number, rest;
	int status;

	if (argc < 5)
		return 2;
	p.dir = argv[1];
	number = str_of(argv[2]);
	p.all_after = str_cut(number, '+', &number, &rest);
	if (num_parse_u64(number, UINT64_MAX, &p.nth) < 0)
		return 2;
	status = run(&p, argv + 4);
	say(argv[3], p.seen);
	return status;
}
