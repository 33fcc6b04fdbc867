/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/shim.h"

#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int lo_up(struct error *err)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK };
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		return error_sys(err, "bring up the loopback interface");
	return 0;
}

static int enter_network(struct shim *s, struct error *err)
{
	const char *netns = s->job.netns;
	autoclose int fd = -1;

	if (streq(netns, "host"))
		return 0;
	if (netns[0] != '/') {
		if (unshare(CLONE_NEWNET) < 0)
			return error_sys(err, "new network namespace");
		return streq(netns, "lo") ? lo_up(err) : 0;
	}
	fd = open(netns, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		return error_sys(err, "join network namespace %s", netns);
	return 0;
}

/* crun refuses sysctls of a network namespace that it didn't make. */
static int set_sysctl(char *text, struct error *err)
{
	autofree char *path = NULL;
	autoclose int fd = -1;
	char *eq = strchr(text, '=');

	if (!eq)
		return error_set(err, ERR_INVALID, "sysctl %s: no value", text);
	*eq = 0;
	path = xprintf("/proc/sys/%s", text);
	for (char *p = path + strlen("/proc/sys/"); *p; p++)
		if (*p == '.')
			*p = '/';
	fd = strstr(text, "..") ? -1 : open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, eq + 1, strlen(eq + 1)) < 0)
		return error_sys(err, "sysctl %s=%s", text, eq + 1);
	return 0;
}

int shim_namespaces(struct shim *s, struct error *err)
{
	int r;

	s->host_mnt = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	s->host_net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (s->host_mnt < 0 || s->host_net < 0)
		return error_sys(err, "own namespaces");
	if (unshare(CLONE_NEWNS) < 0)
		return error_sys(err, "new mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return error_sys(err, "mount namespace");
	/* crun and runc take a unified hierarchy beside the others for a broken cgroup v2. */
	/* What a user namespace was given can't be taken away, but covered. */
	if (s->job.hide_unified && umount2("/sys/fs/cgroup/unified", MNT_DETACH) < 0 &&
	    mount("tmpfs", "/sys/fs/cgroup/unified", "tmpfs", MS_RDONLY, "size=4k") < 0)
		return error_sys(err, "/sys/fs/cgroup/unified");
	r = enter_network(s, err);
	if (r < 0)
		return r;
	strv_foreach (text, &s->job.sysctls) {
		r = set_sysctl(text, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Layers are named through descriptors: overlayfs takes one page of options, and five hundred long
 * paths are more. */
static int overlay_options(struct shim *s, struct buf *opt, int *fds, struct error *err)
{
	size_t n = s->job.lowers.n;

	buf_adds(opt, "lowerdir=");
	for (size_t i = 0; i < n; i++) {
		const char *dir = s->job.lowers.v[n - 1 - i];

		fds[i] = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fds[i] < 0)
			return error_sys(err, "layer %s", dir);
		buf_addf(opt, "%s/proc/self/fd/%d", i ? ":" : "", fds[i]);
	}
	buf_addf(opt, ",upperdir=%s,workdir=%s", s->job.upper, s->job.work);
	if (s->job.step)
		buf_adds(opt, ",volatile");
	if (s->job.userxattr)
		buf_adds(opt, ",userxattr");
	return buf_check(opt, "the list of layers", err);
}

static bool plain_path(const char *path)
{
	return !strpbrk(path, ",:\\");
}

static int mount_overlay(struct shim *s, struct error *err)
{
	autofree int *fds = xnewn(int, s->job.lowers.n + 1);
	autobuf opt = { 0 };
	int r;

	if (!plain_path(s->job.upper) || !plain_path(s->job.work))
		return error_set(err, ERR_UNSUPPORTED,
				 "%s: the state directory's path has a comma, colon or backslash",
				 s->job.upper);
	buf_init(&opt, (size_t)sysconf(_SC_PAGESIZE) - 1);
	r = overlay_options(s, &opt, fds, err);
	if (r == 0 && mount("overlay", "rootfs", "overlay", 0, opt.p) < 0)
		r = error_sys(err, "mount the root filesystem (overlay)");
	for (size_t i = 0; i < s->job.lowers.n && fds[i] > 0; i++)
		fd_close(fds[i]);
	return r;
}

int shim_rootfs(struct shim *s, struct error *err)
{
	if (mkdir("rootfs", 0755) < 0 && errno != EEXIST)
		return error_sys(err, "%s/rootfs", s->dir);
	/* An image with no layers at all: the container has what it writes. */
	if (!s->job.lowers.n) {
		if (mount(s->job.upper, "rootfs", NULL, MS_BIND, NULL) < 0)
			return error_sys(err, "mount the root filesystem");
		return 0;
	}
	return mount_overlay(s, err);
}

void shim_leave_network(struct shim *s)
{
	if (s->host_net >= 0 && setns(s->host_net, CLONE_NEWNET) == 0)
		s->host_net = fd_close(s->host_net);
}

void shim_leave_mounts(struct shim *s)
{
	if (s->host_mnt >= 0 && setns(s->host_mnt, CLONE_NEWNS) == 0)
		s->host_mnt = fd_close(s->host_mnt);
}
