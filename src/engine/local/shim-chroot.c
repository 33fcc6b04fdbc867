/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step of a build without a runtime: `compose-shim chroot ROOTFS`, in the step's directory,
 * becomes its program. The file `process` there (step-process.c writes it) says what it is; what
 * can't be done is said on descriptor 3, which the program doesn't get.
 */
#include "engine/local/shim.h"

#include "util/fd.h"
#include "util/io.h"
#include "util/num.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_PROCESS	(8 << 20)
#define LIMIT_ETC	(1 << 20)
#define LIMIT_COMPLAINT 2048

extern char **environ;

struct process {
	struct strv args, env;
	const char *cwd;
	uid_t uid;
	gid_t gid;
	VEC(gid_t) groups;
	VEC(struct limit {
		int what;
		struct rlimit v;
	})
	limits;
	uint64_t caps;
};

/* ---- the file ---- */

static uint64_t number(struct str s)
{
	uint64_t v = 0;

	num_parse_u64(s, UINT64_MAX, &v);
	return v;
}

static void take_limit(struct process *p, const char *text)
{
	struct str what, soft, hard, rest;

	str_cut(str_of(text), ':', &what, &rest);
	str_cut(rest, ':', &soft, &hard);
	*vec_add(&p->limits) = (struct limit){ (int)number(what), { number(soft), number(hard) } };
}

static void take(struct process *p, const char *record)
{
	const char *v;

	if ((v = skip_prefix(record, "arg=")))
		strv_push(&p->args, v);
	else if ((v = skip_prefix(record, "env=")))
		strv_push(&p->env, v);
	else if ((v = skip_prefix(record, "cwd=")))
		p->cwd = v;
	else if ((v = skip_prefix(record, "uid=")))
		p->uid = (uid_t)number(str_of(v));
	else if ((v = skip_prefix(record, "gid=")))
		p->gid = (gid_t)number(str_of(v));
	else if ((v = skip_prefix(record, "group=")))
		*vec_add(&p->groups) = (gid_t)number(str_of(v));
	else if ((v = skip_prefix(record, "limit=")))
		take_limit(p, v);
	else if ((v = skip_prefix(record, "caps=")))
		p->caps = number(str_of(v));
}

/* The text stays where it is: p borrows from it. */
static int read_process(struct buf *text, struct process *p, struct error *err)
{
	int r;

	buf_init(text, LIMIT_PROCESS);
	r = io_read_file(AT_FDCWD, "process", text, err);
	if (r < 0)
		return r;
	for (size_t at = 0; at < text->len; at += strlen(text->p + at) + 1)
		take(p, text->p + at);
	return p->args.n ? 0 : error_set(err, ERR_INVALID, "no program to run");
}

/* ---- the root filesystem ---- */

static const struct {
	const char *name;
	unsigned major, minor;
} nodes[] = {
	{ "/dev/null", 1, 3 },	 { "/dev/zero", 1, 5 },	   { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static const struct {
	const char *name, *target;
} links[] = {
	{ "/dev/fd", "/proc/self/fd" },
	{ "/dev/stdin", "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" },
};

/* /dev is empty and ours. Without the right to make devices it stays so. */
static int fill_dev(struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		dev_t dev = makedev(nodes[i].major, nodes[i].minor);

		if (mknod(nodes[i].name, S_IFCHR | 0666, dev) < 0 && errno != EPERM)
			return error_sys(err, "%s", nodes[i].name);
		if (chmod(nodes[i].name, 0666) < 0 && errno != ENOENT)
			return error_sys(err, "%s", nodes[i].name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlink(links[i].target, links[i].name) < 0)
			return error_sys(err, "%s", links[i].name);
	if (mkdir("/dev/shm", 01777) < 0 || chmod("/dev/shm", 01777) < 0)
		return error_sys(err, "/dev/shm");
	return 0;
}

static const char *const etc[] = { "hosts", "hostname", "resolv.conf" };

static int read_etc(struct buf text[ARRAY_SIZE(etc)], struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(etc); i++) {
		buf_init(&text[i], LIMIT_ETC);
		if (access(etc[i], F_OK) == 0)
			r = io_read_file(AT_FDCWD, etc[i], &text[i], err);
	}
	return r;
}

static int write_etc(const struct buf text[ARRAY_SIZE(etc)], struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(etc); i++) {
		autofree char *path = xprintf("/etc/%s", etc[i]);
		autoclose int fd = -1;

		if (!text[i].len)
			continue;
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		r = fd < 0 ? error_sys(err, "%s", path)
			   : io_write_all(fd, text[i].p, text[i].len, err);
	}
	return r;
}

/* Nothing of the host's tree stays open: the working directory is inside from here on. */
static int enter_root(const char *rootfs, struct error *err)
{
	struct buf text[ARRAY_SIZE(etc)] = { 0 };
	int r = read_etc(text, err);

	if (r == 0 && (chroot(rootfs) < 0 || chdir("/") < 0))
		r = error_sys(err, "chroot to the root filesystem");
	if (r == 0)
		r = fill_dev(err);
	if (r == 0)
		r = write_etc(text, err);
	for (size_t i = 0; i < ARRAY_SIZE(etc); i++)
		buf_done(&text[i]);
	return r;
}

static int enter_cwd(const char *cwd, struct error *err)
{
	autofree char *path = xstrdup(cwd && *cwd ? cwd : "/");

	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		mkdir(path, 0755);
		*p = '/';
	}
	mkdir(path, 0755);
	return chdir(path) < 0 ? error_sys(err, "working directory %s", path) : 0;
}

/* ---- who it is ---- */

/* What a program that is root would get back when it starts. */
static int bound_caps(uint64_t caps, struct error *err)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++) {
		if (caps & 1ULL << cap || prctl(PR_CAPBSET_READ, cap) == 0)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap) < 0)
			return error_sys(err, "giving up capability %d", cap);
	}
	return 0;
}

static int keep_caps(uint64_t caps, struct error *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &head, data) < 0)
		return error_sys(err, "capabilities");
	for (size_t i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(caps >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &head, data) < 0 ? error_sys(err, "capabilities") : 0;
}

static int become(const struct process *p, struct error *err)
{
	int r = bound_caps(p->caps, err);

	if (r < 0)
		return r;
	vec_foreach (l, &p->limits)
		if (setrlimit((__rlimit_resource_t)l->what, &l->v) < 0)
			return error_sys(err, "resource limit %d", l->what);
	/* Where we have one id alone, groups can't be set, and none are asked for. */
	if (setgroups(p->groups.n, p->groups.v) < 0 && (errno != EPERM || p->groups.n))
		return error_sys(err, "setting groups");
	if (setresgid(p->gid, p->gid, p->gid) < 0 || setresuid(p->uid, p->uid, p->uid) < 0)
		return error_sys(err, "becoming user %u, group %u", p->uid, p->gid);
	return keep_caps(p->uid ? 0 : p->caps, err);
}

static int exec_it(struct process *p, struct error *err)
{
	char **argv = strv_v(&p->args);

	umask(022);
	environ = strv_v(&p->env);
	execvp(argv[0], argv);
	if (errno == ENOENT && !strchr(argv[0], '/'))
		return error_set(err, ERR_NOT_FOUND, "executable file `%s` not found in $PATH",
				 argv[0]);
	return error_sys(err, "%s", argv[0]);
}

int shim_chroot_main(const char *rootfs)
{
	struct error err = ERROR_INIT;
	struct process p = { 0 };
	autobuf text = { 0 };
	int r = read_process(&text, &p, &err);

	fcntl(SHIM_CONTROL_FD, F_SETFD, FD_CLOEXEC);
	if (r == 0)
		r = enter_root(rootfs, &err);
	if (r == 0)
		r = enter_cwd(p.cwd, &err);
	if (r == 0)
		r = become(&p, &err);
	/* After the user has changed, which would clear it. */
	if (r == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
		r = exec_it(&p, &err);
	io_write_all(SHIM_CONTROL_FD, err.msg, strlen(err.msg), NULL);
	return 127;
}

/* ---- the shim's side ---- */

static int spawn(struct shim *s, int complaints, pid_t *ret)
{
	const char *argv[] = { "compose-shim", "chroot", s->job.rootfs, NULL };
	const int fds[] = { s->in_r, s->out_w[0], s->out_w[1], complaints };
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
	for (int i = 0; i < (int)ARRAY_SIZE(fds); i++)
		posix_spawn_file_actions_adddup2(&fa, fds[i], i);
	r = posix_spawn(ret, "/proc/self/exe", &fa, &attr, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&attr);
	return r;
}

int shim_chroot_start(struct shim *s, struct error *err)
{
	autoclose int from = -1, to = -1;
	autobuf text = { 0 };
	int p[2], r = fd_pipe(p, err);

	if (r < 0)
		return r;
	from = p[0];
	/* Not among those that are put in their places. */
	to = fcntl(p[1], F_DUPFD_CLOEXEC, SHIM_ERR_FD + 1);
	fd_close(p[1]);
	r = spawn(s, to, &s->init);
	if (r)
		return error_sys_from(err, r, "compose-shim chroot");
	to = fd_close(to);
	shim_io_started(s);
	buf_init(&text, LIMIT_COMPLAINT);
	r = io_read_fd(from, &text, err);
	if (r == 0 && text.len)
		r = error_set(err, ERR_CHILD, "%s", text.p);
	return r;
}
