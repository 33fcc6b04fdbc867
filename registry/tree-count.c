/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/tree-count.h"

#include "util/fd.h"
#include "util/str.h"

#include <dirent.h>
#include <fcntl.h>

#define LIMIT_DEPTH 2048 /* more than a path can have */

static int count(int dirfd, const char *name, uint64_t *n, unsigned depth, struct error *err)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 || depth > LIMIT_DEPTH ? NULL : fdopendir(fd);
	int r = 0;
	if (!d) {
		r = error_sys(err, "%s", name);
		fd_close(fd);
		return r;
	}
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		if (streq(e->d_name, ".") || streq(e->d_name, ".."))
			continue;
		++*n;
		if (e->d_type == DT_DIR)
			r = count(fd, e->d_name, n, depth + 1, err);
	}
	closedir(d);
	return r;
}

int tree_count(int dirfd, const char *path, uint64_t *ret, struct error *err)
{
	uint64_t n = 0;
	int r = count(dirfd, path, &n, 0, err);
	if (r == 0)
		*ret = n;
	return r;
}
