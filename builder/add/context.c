/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/add/context.h"

#include "builder/add/probe.h"

#include "util/fd.h"
#include "util/io.h"
#include "util/time.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pipe is read into a file without a name, which takes the place of stdin. */
static int settle(int dirfd, struct error *err)
{
	autoclose int fd = -1;
	uint64_t n;
	int r;

	if (lseek(STDIN_FILENO, 0, SEEK_SET) >= 0)
		return 0;
	if (errno != ESPIPE)
		return error_sys(err, "read the context");
	fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(err, "make a file");
	r = io_copy(STDIN_FILENO, fd, UINT64_MAX, &n, err);
	if (r < 0)
		return error_wrap(err, "read the context");
	if (lseek(fd, 0, SEEK_SET) < 0 || dup2(fd, STDIN_FILENO) < 0)
		return error_sys(err, "read the context");
	return 0;
}

static int keep_file(const struct add_job *job, int dirfd, struct error *err)
{
	const struct timespec t = { .tv_sec = job->mtime / NSEC_PER_SEC };
	const struct timespec times[2] = { t, t };
	uint64_t n;
	autoclose int fd = openat(dirfd, job->file,
				  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? error_sys(err, "%s", job->file) : 0;

	if (!r)
		r = io_copy(STDIN_FILENO, fd, UINT64_MAX, &n, err);
	if (!r && (futimens(fd, times) < 0 || futimens(dirfd, times) < 0))
		r = error_sys(err, "%s", job->file);
	return r;
}

int context_begin(const struct add_job *job, bool *ret_none, struct error *err)
{
	autoclose int dirfd = open(job->upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = dirfd < 0 ? error_sys(err, "%s", job->upper) : settle(dirfd, err);

	if (r < 0)
		return r;
	*ret_none = job->plain || probe_archive(STDIN_FILENO);
	if (lseek(STDIN_FILENO, 0, SEEK_SET) < 0)
		return error_sys(err, "read the context");
	return *ret_none ? keep_file(job, dirfd, err) : 0;
}
