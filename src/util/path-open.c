/* SPDX-License-Identifier: Apache-2.0 */
/* path_open_in() by openat2(2), else by path_walk(). */
#include "util/path-walk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIMIT_RETRIES 128

bool path_no_openat2;

static int try_openat2(int dirfd, const char *path, const struct open_how *how)
{
	int fd = -1;

	/* EAGAIN: something was renamed or mounted meanwhile, and the kernel could not be sure of
	 * `..` */
	for (int i = 0; i < LIMIT_RETRIES; i++) {
		fd = (int)syscall(SYS_openat2, dirfd, path, how, sizeof(*how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd;
}

static int report(const char *path, int sys, struct error *err)
{
	if (sys != EXDEV)
		return error_sys_from(err, sys, "open %s", path);
	error_set(err, ERR_INVALID, "%s leads out of its directory", path);
	if (err)
		err->sys = EXDEV;
	errno = EXDEV;
	return -ERR_INVALID;
}

int path_open_in(int dirfd, enum path_scope scope, const char *path, int flags, mode_t mode,
		 int *ret_fd, struct error *err)
{
	bool creates = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = creates ? mode & 07777 : 0,
		.resolve = RESOLVE_NO_MAGICLINKS |
			   (scope == PATH_IN_ROOT ? RESOLVE_IN_ROOT : RESOLVE_BENEATH),
	};
	int fd = -1, sys = ENOSYS;

	if (!path_no_openat2) {
		fd = try_openat2(dirfd, path, &how);
		sys = errno;
	}
	/* A kernel without it says ENOSYS; old filters of containers say EPERM. */
	if (fd < 0 && (sys == ENOSYS || sys == EPERM)) {
		fd = path_walk(dirfd, scope, path, flags | O_CLOEXEC, (mode_t)how.mode);
		sys = errno;
	}
	if (fd < 0)
		return report(path, sys, err);
	*ret_fd = fd;
	return 0;
}
