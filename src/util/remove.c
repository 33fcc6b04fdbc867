/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path_remove_tree(). Depth comes from outside (an image's layer), descriptors and stack are ours:
 * what lies deeper than DEPTH_MAX is moved up into the top directory, which is emptied until
 * nothing is left.
 */
#include "util/path.h"

#include "util/fd.h"
#include "util/hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 64

struct removal {
	int top; /* -1 while it is not open yet */
	bool moved;
	struct error *err;
};

static int empty_dir(struct removal *rm, DIR *d, unsigned depth);

static int complain(struct removal *rm, const char *name)
{
	return error_sys(rm->err, "remove %s", name);
}

static bool is_mount(int fd)
{
	struct statx st;

	return !statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st) &&
	       (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* A directory that its owner may not read or change (a cache of Go modules, say) is made so first.
 */
static int open_unlocked(int dirfd, const char *name)
{
	autoclose int path = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char self[40];
	struct stat st;

	if (path < 0 || fstat(path, &st) < 0)
		return -1;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", path);
	if ((st.st_mode & 0700) != 0700 && geteuid() == st.st_uid)
		chmod(self, (st.st_mode & 07777) | 0700);
	return openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int move_up(struct removal *rm, int dirfd, const char *name)
{
	char fresh[5 + 32] = ".rm-";

	random_hex(16, fresh + 4);
	if (renameat(dirfd, name, rm->top, fresh) < 0)
		return complain(rm, name);
	rm->moved = true;
	return 0;
}

static int remove_dir(struct removal *rm, int dirfd, const char *name, unsigned depth)
{
	int fd, r;
	DIR *d;

	if (depth > DEPTH_MAX)
		return move_up(rm, dirfd, name);
	fd = open_unlocked(dirfd, name);
	if (fd < 0)
		return complain(rm, name);
	if (is_mount(fd)) {
		fd_close(fd);
		return error_set(rm->err, ERR_CONFLICT, "remove %s: something is mounted there",
				 name);
	}
	d = fdopendir(fd);
	if (!d) {
		fd_close(fd);
		return complain(rm, name);
	}
	if (rm->top < 0)
		rm->top = fd;
	r = empty_dir(rm, d, depth);
	closedir(d);
	if (!r && unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = complain(rm, name);
	return r;
}

static int remove_entry(struct removal *rm, int dirfd, const char *name, unsigned depth)
{
	struct stat st;
	int sys;

	if (!unlinkat(dirfd, name, 0) || errno == ENOENT)
		return 0;
	sys = errno;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : complain(rm, name);
	if (S_ISDIR(st.st_mode))
		return remove_dir(rm, dirfd, name, depth);
	errno = sys;
	return complain(rm, name);
}

/* Again and again until nothing is moved up into it: only the top directory (depth 0) is. */
static int empty_dir(struct removal *rm, DIR *d, unsigned depth)
{
	struct dirent *e;
	int r = 0;

	do {
		if (!depth)
			rm->moved = false;
		rewinddir(d);
		while (!r && (errno = 0, e = readdir(d)))
			if (!streq(e->d_name, ".") && !streq(e->d_name, ".."))
				r = remove_entry(rm, dirfd(d), e->d_name, depth + 1);
		if (!r && errno)
			r = error_sys(rm->err, "read a directory");
	} while (!r && !depth && rm->moved);
	return r;
}

int path_remove_tree(int dirfd, const char *path, struct error *err)
{
	struct removal rm = { .top = -1, .err = err };

	return remove_entry(&rm, dirfd, path, 0);
}
