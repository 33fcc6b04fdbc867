/* SPDX-License-Identifier: Apache-2.0 */
#include "util/fd.h"

#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

int fd_close(int fd)
{
	int sys = errno;

	if (fd >= 0)
		close(fd);
	errno = sys;
	return -1;
}

int fd_pipe(int ret_fds[2], struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_sys(err, "make a pipe");
	memcpy(ret_fds, fds, sizeof(fds));
	return 0;
}

int fd_nonblock(int fd, bool on, struct error *err)
{
	int flags = fcntl(fd, F_GETFL), wanted;

	if (flags < 0)
		return error_sys(err, "read the flags of descriptor %d", fd);
	wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	if (wanted != flags && fcntl(fd, F_SETFL, wanted) < 0)
		return error_sys(err, "set the flags of descriptor %d", fd);
	return 0;
}

int fd_of_bytes(const char *name, const void *p, size_t n, int *ret_fd, struct error *err)
{
	autoclose int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, r;

	if (fd < 0)
		return error_sys(err, "make memory file %s", name);
	r = io_write_all(fd, p, n, err);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0 || fcntl(fd, F_ADD_SEALS, seals) < 0)
		return error_sys(err, "seal memory file %s", name);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int fd_lock(int fd, bool exclusive, bool wait, struct error *err)
{
	int op = (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB);

	while (flock(fd, op) < 0) {
		if (errno == EWOULDBLOCK && !wait)
			return 0;
		if (errno != EINTR)
			return error_sys(err, "lock");
	}
	return 1;
}
