/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/volume.h"

#include "util/fd.h"
#include "util/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LIMIT_COPY_DEPTH 256
#define LIMIT_XATTR_LIST (64 << 10)

static int copy_dir(int from, int to, unsigned depth, struct error *err);

/* Those of security and user; overlayfs's own never show here. What the target can't hold is left
 * out, as cp does it. */
static void copy_xattrs(int from, int to)
{
	char names[4096], value[LIMIT_XATTR_LIST];
	ssize_t n = flistxattr(from, names, sizeof(names)), len;

	for (char *p = names; n > 0 && p < names + n; p += strlen(p) + 1) {
		len = fgetxattr(from, p, value, sizeof(value));
		if (len >= 0 && fsetxattr(to, p, value, (size_t)len, 0) < 0)
			continue;
	}
}

static int copy_owner(int fd, const struct stat *st, struct error *err)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, st->st_mode & 07777) < 0 ||
	    futimens(fd, times) < 0)
		return error_sys(err, "copy the image's files into the volume");
	return 0;
}

static int copy_file(int from, int to, const char *name, const struct stat *st, struct error *err)
{
	autoclose int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				   0600);
	int r;

	if (in < 0 || out < 0)
		return error_sys(err, "copy %s into the volume", name);
	r = io_copy(in, out, UINT64_MAX, NULL, err);
	if (r < 0)
		return r;
	copy_xattrs(in, out);
	return copy_owner(out, st, err);
}

static int copy_subdir(int from, int to, const char *name, const struct stat *st, unsigned depth,
		       struct error *err)
{
	autoclose int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int out = -1;
	int r;

	if (in < 0 || mkdirat(to, name, 0700) < 0)
		return error_sys(err, "copy %s into the volume", name);
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return error_sys(err, "copy %s into the volume", name);
	r = copy_dir(in, out, depth + 1, err);
	if (r < 0)
		return r;
	copy_xattrs(in, out);
	return copy_owner(out, st, err);
}

static int copy_other(int from, int to, const char *name, const struct stat *st, struct error *err)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	char target[4097];
	ssize_t n;

	if (S_ISLNK(st->st_mode)) {
		n = readlinkat(from, name, target, sizeof(target) - 1);
		if (n < 0)
			return error_sys(err, "copy %s into the volume", name);
		target[n] = 0;
		if (symlinkat(target, to, name) < 0)
			return error_sys(err, "copy %s into the volume", name);
	} else if (mknodat(to, name, st->st_mode, st->st_rdev) < 0) {
		return error_sys(err, "copy %s into the volume", name);
	}
	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys(err, "copy %s into the volume", name);
	return 0;
}

static int copy_entry(int from, int to, const char *name, unsigned depth, struct error *err)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys(err, "copy %s into the volume", name);
	if (S_ISREG(st.st_mode))
		return copy_file(from, to, name, &st, err);
	if (S_ISDIR(st.st_mode))
		return copy_subdir(from, to, name, &st, depth, err);
	if (S_ISSOCK(st.st_mode))
		return 0;
	return copy_other(from, to, name, &st, err);
}

static int copy_dir(int from, int to, unsigned depth, struct error *err)
{
	int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *de;

	if (!d)
		return error_sys(err, "copy the image's files into the volume");
	if (depth > LIMIT_COPY_DEPTH)
		r = error_set(err, ERR_LIMIT, "the image's directories are nested too deep");
	while (r == 0 && (de = readdir(d)))
		if (!streq(de->d_name, ".") && !streq(de->d_name, ".."))
			r = copy_entry(from, to, de->d_name, depth, err);
	closedir(d);
	return r;
}

int copy_tree(int from, int to, struct error *err)
{
	struct stat st;
	int r = copy_dir(from, to, 0, err);

	if (r < 0)
		return r;
	if (fstat(from, &st) < 0)
		return error_sys(err, "copy the image's files into the volume");
	copy_xattrs(from, to);
	return copy_owner(to, &st, err);
}
