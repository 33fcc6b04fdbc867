/* SPDX-License-Identifier: Apache-2.0 */
#include "util/io.h"

#include "util/fd.h"
#include "util/hash.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes IO_TEMP_PREFIX and 16 digits in the directory, with these bytes. */
static int write_temp(int dir, const char *name, const void *p, size_t n, mode_t mode, bool sync,
		      struct error *err)
{
	autoclose int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
				  0600);
	int r;

	if (fd < 0)
		return error_sys(err, "make a file");
	r = io_write_all(fd, p, n, err);
	if (!r && fchmod(fd, mode) < 0)
		r = error_sys(err, "change mode");
	if (!r && sync && fsync(fd) < 0)
		r = error_sys(err, "sync");
	if (r < 0)
		unlinkat(dir, name, 0);
	return r;
}

static int swap_in(int dir, const char *temp, const char *name, bool sync, struct error *err)
{
	int r;

	if (renameat(dir, temp, dir, name) < 0) {
		r = error_sys(err, "rename");
		unlinkat(dir, temp, 0);
		return r;
	}
	if (sync && fsync(dir) < 0)
		return error_sys(err, "sync its directory");
	return 0;
}

static int replace(int dirfd, const char *path, const void *p, size_t n, mode_t mode, bool sync,
		   struct error *err)
{
	autofree char *parent = path_dir(path), *base = path_base(path);
	char temp[sizeof(IO_TEMP_PREFIX) + 16] = IO_TEMP_PREFIX;
	autoclose int dir = openat(dirfd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (dir < 0)
		return error_sys(err, "open directory %s", parent);
	random_hex(8, temp + sizeof(IO_TEMP_PREFIX) - 1);
	r = write_temp(dir, temp, p, n, mode, sync, err);
	if (!r)
		r = swap_in(dir, temp, base, sync, err);
	return r < 0 ? error_wrap(err, "write %s", path) : 0;
}

int io_replace(int dirfd, const char *path, const void *p, size_t n, mode_t mode, struct error *err)
{
	return replace(dirfd, path, p, n, mode, true, err);
}

int io_replace_fast(int dirfd, const char *path, const void *p, size_t n, mode_t mode,
		    struct error *err)
{
	return replace(dirfd, path, p, n, mode, false, err);
}
