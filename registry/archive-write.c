/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/archive-write.h"

#include "registry/tar.h"
#include "util/fd.h"
#include "util/hash.h"
#include "util/io.h"
#include "util/map.h"
#include "util/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct archive_out {
	char *path;
	char *temporary; /* renamed to path at the end; NULL: written in place */
	int fd;		 /* of the tar, or of the directory */
	bool is_dir;
	struct map names;
};

static int check_empty(const char *path, int fd, struct error *err)
{
	DIR *d = opendir(path);
	size_t n = 0;
	if (!d)
		return error_sys(err, "%s", path);
	while (n <= 2 && readdir(d))
		n++;
	closedir(d);
	if (n > 2)
		return error_set(err, ERR_EXISTS, "%s is not empty: give another directory", path);
	return 0;
}

static int open_directory(struct archive_out *a, struct error *err)
{
	a->is_dir = true;
	int r = path_mkdirs(AT_FDCWD, a->path, 0755, err);
	if (r < 0)
		return r;
	a->fd = open(a->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return a->fd < 0 ? error_sys(err, "%s", a->path) : check_empty(a->path, a->fd, err);
}

/* A FIFO or device is written as it is; a file is replaced. */
static int open_tar(struct archive_out *a, bool exists, const struct stat *st, struct error *err)
{
	char random[17];
	const char *to = a->path;
	if (streq(a->path, "-")) {
		a->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		return a->fd < 0 ? error_sys(err, "stdout") : 0;
	}
	if (!exists || S_ISREG(st->st_mode)) {
		random_hex(8, random);
		to = a->temporary = xprintf("%s.%s", a->path, random);
	}
	a->fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC | (a->temporary ? O_EXCL : 0), 0666);
	return a->fd < 0 ? error_sys(err, "%s", to) : 0;
}

int archive_out_new(const char *path, struct archive_out **ret, struct error *err)
{
	autocall(archive_out_freep) struct archive_out *a = xnew(struct archive_out);
	struct stat st;
	bool exists = stat(path, &st) == 0;
	a->fd = -1;
	a->path = xstrdup(path);
	int r = ends_with(path, "/") || (exists && S_ISDIR(st.st_mode))
			? open_directory(a, err)
			: open_tar(a, exists, &st, err);
	if (r == 0)
		*ret = TAKE_PTR(a);
	return r;
}

struct archive_out *archive_out_free(struct archive_out *a)
{
	if (!a)
		return NULL;
	if (a->temporary)
		unlink(a->temporary);
	map_done(&a->names);
	fd_close(a->fd);
	free(a->temporary);
	free(a->path);
	free(a);
	return NULL;
}

static int put_header(struct archive_out *a, const char *name, uint64_t size, struct error *err)
{
	autobuf header = { 0 };
	struct tar_member m = { .type = TAR_FILE, .name = name, .mode = 0644, .size = size };
	buf_init(&header, 1 << 16);
	int r = tar_header(&header, &m, err);
	return r < 0 ? r : io_write_all(a->fd, header.p, header.len, err);
}

static int put_zeros(struct archive_out *a, size_t n, struct error *err)
{
	static const char zeros[TAR_END_BYTES];
	return io_write_all(a->fd, zeros, n, err);
}

/* A directory's file is opened for it; the tar's own descriptor goes on. */
static int begin(struct archive_out *a, const char *name, uint64_t size, int *ret_fd,
		 struct error *err)
{
	const char *slash = strrchr(name, '/');
	autofree char *dir = slash ? xstrndup(name, (size_t)(slash - name)) : NULL;
	int r = 0;
	map_set(&a->names, name, NULL);
	if (!a->is_dir) {
		*ret_fd = a->fd;
		return put_header(a, name, size, err);
	}
	if (dir)
		r = path_mkdirs(a->fd, dir, 0755, err);
	if (r == 0)
		r = path_open_in(a->fd, PATH_BENEATH, name, O_WRONLY | O_CREAT | O_EXCL, 0644,
				 ret_fd, err);
	return r;
}

static int finish(struct archive_out *a, int fd, uint64_t size, int r, struct error *err)
{
	if (a->is_dir)
		fd_close(fd);
	else if (r == 0)
		r = put_zeros(a, tar_padding(size), err);
	return r < 0 ? error_wrap(err, "%s", a->path) : 0;
}

int archive_out_put(struct archive_out *a, const char *name, const void *p, size_t n,
		    struct error *err)
{
	int fd = -1;
	if (map_has(&a->names, name))
		return 0;
	int r = begin(a, name, n, &fd, err);
	if (r == 0)
		r = io_write_all(fd, p, n, err);
	return finish(a, fd, n, r, err);
}

int archive_out_copy(struct archive_out *a, const char *name, int from, uint64_t size,
		     struct error *err)
{
	int fd = -1;
	uint64_t n = 0;
	if (map_has(&a->names, name))
		return 0;
	int r = begin(a, name, size, &fd, err);
	if (r == 0)
		r = io_copy(from, fd, size, &n, err);
	if (r == 0 && n != size)
		r = error_set(err, ERR_CORRUPT, "%s became shorter while it was read", name);
	return finish(a, fd, size, r, err);
}

int archive_out_end(struct archive_out *a, struct error *err)
{
	int r = a->is_dir ? 0 : put_zeros(a, TAR_END_BYTES, err);
	if (r == 0 && a->temporary && rename(a->temporary, a->path) < 0)
		r = error_sys(err, "%s", a->path);
	if (r == 0) {
		free(a->temporary);
		a->temporary = NULL;
	}
	return r;
}
