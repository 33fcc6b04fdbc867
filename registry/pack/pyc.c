/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/pack/pyc.h"

#include "util/fd.h"
#include "util/str.h"

#include <endian.h>
#include <fcntl.h>
#include <unistd.h>

struct header { /* PEP 552 */
	uint8_t version[2], crlf[2];
	uint32_t flags; /* 0: by time; else by a hash of the source */
	uint32_t mtime, size;
};

static bool wants_it(const struct header *h, int64_t mtime_max)
{
	return h->crlf[0] == '\r' && h->crlf[1] == '\n' && !h->flags &&
	       le32toh(h->mtime) > mtime_max;
}

void pyc_clamp(int dirfd, const char *name, const struct stat *st, int64_t mtime_max)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	struct header h;
	autoclose int fd = -1;

	if (!S_ISREG(st->st_mode) || !ends_with(name, ".pyc") || mtime_max > UINT32_MAX)
		return;
	fd = openat(dirfd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || pread(fd, &h, sizeof(h), 0) != sizeof(h) || !wants_it(&h, mtime_max))
		return;
	h.mtime = htole32((uint32_t)mtime_max);
	if (pwrite(fd, &h, sizeof(h), 0) == sizeof(h))
		(void)futimens(fd, times);
}
