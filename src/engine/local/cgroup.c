/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/cgroup.h"

#include "util/buf.h"
#include "util/fd.h"
#include "util/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define ROOT	     "/sys/fs/cgroup"
#define LIMIT_PROCS  (16 << 20)
#define LIMIT_DEPTH  16
#define REMOVE_TRIES 200 /* 10 ms apart: dying processes leave their group late */

enum cgroup_mode cgroup_mode(void)
{
	struct statfs fs;

	if (statfs(ROOT, &fs) < 0)
		return CGROUP_NONE;
	if (fs.f_type == CGROUP2_SUPER_MAGIC)
		return CGROUP_V2;
	if (statfs(ROOT "/unified", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
		return CGROUP_HYBRID;
	return CGROUP_V1;
}

/* Calls fn with the directory of this path in each hierarchy where it is. */
static void each_hierarchy(const char *path, void (*fn)(void *u, int dirfd), void *userdata)
{
	autoclose int root = open(ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool v2 = cgroup_mode() == CGROUP_V2;
	struct dirent *de;
	DIR *d;
	int fd;

	while (*path == '/')
		path++;
	if (root < 0 || !*path)
		return;
	if (v2) {
		fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			fn(userdata, fd);
		fd_close(fd);
		return;
	}
	d = opendir(ROOT);
	while (d && (de = readdir(d))) {
		autofree char *sub = xprintf("%s/%s", de->d_name, path);

		if (de->d_name[0] == '.' || de->d_type == DT_LNK)
			continue;
		fd = openat(root, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			fn(userdata, fd);
		fd_close(fd);
	}
	if (d)
		closedir(d);
}

/* Post-order over the groups at and below dirfd. */
static void each_group(int dirfd, unsigned depth, void (*fn)(void *u, int dirfd), void *userdata)
{
	int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *de;

	while (d && depth < LIMIT_DEPTH && (de = readdir(d))) {
		autoclose int fd = -1;

		if (de->d_type != DT_DIR || de->d_name[0] == '.')
			continue;
		fd = openat(dirfd, de->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			each_group(fd, depth + 1, fn, userdata);
	}
	if (d)
		closedir(d);
	fn(userdata, dirfd);
}

struct pids {
	void (*fn)(void *userdata, int pid);
	void *userdata;
};

static void pids_of(void *userdata, int dirfd)
{
	struct pids *p = userdata;
	autobuf b = { 0 };

	buf_init(&b, LIMIT_PROCS);
	if (io_read_file(dirfd, "cgroup.procs", &b, NULL) < 0)
		return;
	for (char *s = b.p, *end; *s; s = end + 1) {
		long pid = strtol(s, &end, 10);

		if (*end != '\n')
			break;
		if (pid > 0)
			p->fn(p->userdata, (int)pid);
	}
}

static void pids_below(void *userdata, int dirfd)
{
	each_group(dirfd, 0, pids_of, userdata);
}

void cgroup_pids(const char *path, void (*fn)(void *userdata, int pid), void *userdata)
{
	struct pids p = { fn, userdata };

	each_hierarchy(path, pids_below, &p);
}

static void write_file(int dirfd, const char *name, const char *text)
{
	autoclose int fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		return; /* not there on this kernel, or nothing to do */
}

static void kill_pid(void *userdata, int pid)
{
	if (pid != getpid())
		kill(pid, SIGKILL);
}

static void thaw_and_kill(void *userdata, int dirfd)
{
	struct pids p = { kill_pid, NULL };

	write_file(dirfd, "cgroup.kill", "1");
	pids_below(&p, dirfd);
	/* A frozen process dies only when it thaws. */
	write_file(dirfd, "freezer.state", "THAWED");
	write_file(dirfd, "cgroup.freeze", "0");
}

void cgroup_kill(const char *path)
{
	each_hierarchy(path, thaw_and_kill, NULL);
}

static void remove_group(void *userdata, int dirfd)
{
	char link[32], path[4096];
	bool *busy = userdata;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return;
	path[n] = 0;
	if (rmdir(path) < 0 && errno == EBUSY)
		*busy = true;
}

static void remove_below(void *userdata, int dirfd)
{
	each_group(dirfd, 0, remove_group, userdata);
}

int cgroup_remove(const char *path, struct error *err)
{
	for (int i = 0; i < REMOVE_TRIES; i++) {
		bool busy = false;

		each_hierarchy(path, remove_below, &busy);
		if (!busy)
			return 0;
		cgroup_kill(path);
		poll(NULL, 0, i ? 10 : 1);
	}
	return error_set(err, ERR_CONFLICT, "control group %s: its processes don't end", path);
}

static void find_oom(void *userdata, int dirfd)
{
	static const char *const files[] = { "memory.events", "memory.oom_control" };
	bool *oom = userdata;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		autobuf b = { 0 };
		const char *p;

		buf_init(&b, 4096);
		if (faccessat(dirfd, files[i], R_OK, 0) < 0 ||
		    io_read_file(dirfd, files[i], &b, NULL) < 0)
			continue;
		p = strstr(b.p, "oom_kill ");
		if (p && p[9] != '0')
			*oom = true;
	}
}

bool cgroup_oom(const char *path)
{
	bool oom = false;

	each_hierarchy(path, find_oom, &oom);
	return oom;
}

static void freeze_group(void *userdata, int dirfd)
{
	bool on = *(const bool *)userdata;

	write_file(dirfd, "freezer.state", on ? "FROZEN" : "THAWED");
	write_file(dirfd, "cgroup.freeze", on ? "1" : "0");
}

/* Both report it in a file of their own once it has come about. */
static void is_frozen(void *userdata, int dirfd)
{
	static const struct {
		const char *file, *text;
	} tells[] = { { "freezer.state", "FROZEN" }, { "cgroup.events", "frozen 1" } };

	for (size_t i = 0; i < ARRAY_SIZE(tells); i++) {
		autobuf b = { 0 };

		buf_init(&b, 4096);
		if (faccessat(dirfd, tells[i].file, R_OK, 0) == 0 &&
		    io_read_file(dirfd, tells[i].file, &b, NULL) == 0 && strstr(b.p, tells[i].text))
			*(bool *)userdata = true;
	}
}

int cgroup_freeze(const char *path, bool on, struct error *err)
{
	each_hierarchy(path, freeze_group, &on);
	for (int i = 0; i < REMOVE_TRIES; i++) {
		bool frozen = false;

		each_hierarchy(path, is_frozen, &frozen);
		if (frozen == on)
			return 0;
		poll(NULL, 0, 5);
	}
	return error_set(err, ERR_TIMEOUT, "control group %s does not %s", path,
			 on ? "freeze" : "thaw");
}
