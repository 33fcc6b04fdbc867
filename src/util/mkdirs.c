/* SPDX-License-Identifier: Apache-2.0 */
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* One directory: 0 when it is there now. */
static int make_one(int dirfd, const char *path, mode_t mode)
{
	struct stat st;
	int sys;

	if (!mkdirat(dirfd, path, mode))
		return 0;
	sys = errno;
	/* Read-only file systems and the like say so before they say that it exists. */
	if (sys != ENOENT && !fstatat(dirfd, path, &st, 0)) {
		if (S_ISDIR(st.st_mode))
			return 0;
		sys = ENOTDIR;
	}
	errno = sys;
	return -1;
}

int path_mkdirs(int dirfd, const char *path, mode_t mode, struct error *err)
{
	autofree char *copy = xstrdup(path);

	if (!make_one(dirfd, path, mode))
		return 0;
	if (errno != ENOENT)
		return error_sys(err, "make directory %s", path);
	for (char *p = copy + strspn(copy, "/"); *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (make_one(dirfd, copy, mode) < 0)
			return error_sys(err, "make directory %s", copy);
		*p = '/';
	}
	if (make_one(dirfd, path, mode) < 0)
		return error_sys(err, "make directory %s", path);
	return 0;
}
