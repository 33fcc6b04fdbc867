/* SPDX-License-Identifier: Apache-2.0 */
/* io_copy(): a ladder of system calls; each is left for the next when it can't do these two
 * descriptors. */
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define STEP_MAX    (1024 * 1024 * 1024)
#define BUFFER_SIZE (128 * 1024)

static ssize_t by_range(int from, int to, size_t n)
{
	return copy_file_range(from, NULL, to, NULL, n, 0);
}

static ssize_t by_sendfile(int from, int to, size_t n)
{
	return sendfile(to, from, NULL, n);
}

static ssize_t by_splice(int from, int to, size_t n)
{
	return splice(from, NULL, to, NULL, n, 0);
}

static ssize_t (*const ways[])(int from, int to, size_t n) = { by_range, by_sendfile, by_splice };

static bool not_this_way(int sys)
{
	return sys == EXDEV || sys == EINVAL || sys == EOPNOTSUPP || sys == ENOSYS ||
	       sys == EBADF || sys == EPERM || sys == EAGAIN || sys == ETXTBSY;
}

/* 1 when it went this way to the end (of n, or of the file), 0 when another way is to go on. */
static int copy_way(size_t way, int from, int to, uint64_t n, uint64_t *done, struct error *err)
{
	uint64_t before = *done;
	ssize_t k;

	while (*done < n) {
		k = ways[way](from, to, (size_t)MIN(n - *done, (uint64_t)STEP_MAX));
		/* Files in /proc and the like seem empty to copy_file_range: read() knows. */
		if (!k)
			return *done > before;
		if (k > 0)
			*done += (uint64_t)k;
		else if (not_this_way(errno))
			return 0;
		else if (errno != EINTR)
			return error_sys(err, "copy");
	}
	return 1;
}

static int copy_by_hand(int from, int to, uint64_t n, uint64_t *done, struct error *err)
{
	autofree char *p = xrealloc(NULL, BUFFER_SIZE, 1);
	size_t want, got;
	int r;

	while (*done < n) {
		want = (size_t)MIN(n - *done, (uint64_t)BUFFER_SIZE);
		r = io_read_full(from, p, want, &got, err);
		if (!r)
			r = io_write_all(to, p, got, err);
		if (r < 0)
			return r;
		*done += got;
		if (got < want)
			break;
	}
	return 0;
}

int io_copy(int from, int to, uint64_t n, uint64_t *ret_n, struct error *err)
{
	uint64_t done = 0;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ways) && !r; i++)
		r = copy_way(i, from, to, n, &done, err);
	if (!r)
		r = copy_by_hand(from, to, n, &done, err);
	if (r < 0)
		return r;
	if (ret_n)
		*ret_n = done;
	return 0;
}
