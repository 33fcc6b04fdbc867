/* SPDX-License-Identifier: Apache-2.0 */
#include "util/io.h"

#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP (128 * 1024)

/* After a read or write that failed: true when it is to be tried again. A descriptor that somebody
 * made non-blocking is waited for. */
static bool try_again(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (errno == EINTR)
		return true;
	if (errno != EAGAIN)
		return false;
	return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

int io_write_all(int fd, const void *p, size_t n, struct error *err)
{
	const char *at = p;
	ssize_t k;

	while (n) {
		k = write(fd, at, n);
		if (k < 0 && !try_again(fd, POLLOUT))
			return error_sys(err, "write");
		if (k > 0) {
			at += k;
			n -= (size_t)k;
		}
	}
	return 0;
}

int io_read_full(int fd, void *p, size_t n, size_t *ret_n, struct error *err)
{
	size_t got = 0;
	ssize_t k = 1;

	while (got < n && k) {
		k = read(fd, (char *)p + got, n - got);
		if (k < 0 && !try_again(fd, POLLIN))
			return error_sys(err, "read");
		if (k > 0)
			got += (size_t)k;
	}
	*ret_n = got;
	return 0;
}

/* Whether the end is here, when out has no more room. */
static int expect_end(int fd, struct buf *out, struct error *err)
{
	size_t n = 0;
	char c;
	int r = io_read_full(fd, &c, 1, &n, err);

	if (r < 0 || !n)
		return r;
	out->failed = true;
	return buf_check(out, "input", err);
}

/* How much to ask for: a file's size and one more byte, which shows its end. */
static size_t first_step(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return 4096;
	return (size_t)MIN(st.st_size, (off_t)READ_STEP) + 1;
}

int io_read_fd(int fd, struct buf *out, struct error *err)
{
	size_t step = first_step(fd), room;
	ssize_t k;
	char *to;

	for (;;) {
		room = MIN(step, out->max - out->len);
		if (!room)
			return expect_end(fd, out, err);
		to = buf_reserve(out, room);
		if (!to)
			return buf_check(out, "input", err);
		k = read(fd, to, room);
		if (!k)
			return 0;
		if (k < 0 && !try_again(fd, POLLIN))
			return error_sys(err, "read");
		if (k > 0)
			buf_added(out, (size_t)k);
		step = READ_STEP;
	}
}

int io_read_file(int dirfd, const char *path, struct buf *out, struct error *err)
{
	autoclose int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int r;

	if (fd < 0)
		return error_sys(err, "open %s", path);
	if (fstat(fd, &st) < 0)
		return error_sys(err, "look at %s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_INVALID, "%s is %s, not a regular file", path,
				 S_ISDIR(st.st_mode) ? "a directory" : "a pipe, socket or device");
	r = io_read_fd(fd, out, err);
	return r < 0 ? error_wrap(err, "%s", path) : 0;
}
