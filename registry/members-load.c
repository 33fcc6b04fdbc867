/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/members.h"

#include "util/fd.h"
#include "util/io.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK (256 << 10)

static int copy(int fd, struct ingest *in, struct error *err)
{
	autofree char *chunk = xalloc(1, CHUNK);
	size_t n = CHUNK;
	int r = 0;

	while (r == 0 && n == CHUNK) {
		r = io_read_full(fd, chunk, CHUNK, &n, err);
		if (r == 0)
			r = ingest_write(in, chunk, n, err);
	}
	return r;
}

/* An archive need not hold all that its index names. */
int layout_blob_load(struct store *s, const struct descriptor *d, int dirfd, struct error *err)
{
	autofree char *path = xprintf("blobs/%.6s/%s", d->digest, digest_hex(d->digest));
	autocall(ingest_freep) struct ingest *in = NULL;
	autoclose int fd = -1;
	uint64_t have = 0;
	struct stat st;
	int r;

	r = path_open_in(dirfd, PATH_IN_ROOT, path, O_RDONLY | O_NONBLOCK, 0, &fd, NULL);
	if (r < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	r = store_ingest_begin(s, d->digest, d->size ? d->size : UINT64_MAX, &in, &have, err);
	if (r != 0)
		return r < 0 ? r : r == 1;
	if (lseek(fd, (off_t)have, SEEK_SET) < 0)
		return error_sys(err, "%s", path);
	r = copy(fd, in, err);
	if (r == 0)
		r = ingest_commit(TAKE_PTR(in), err);
	return r < 0 ? error_wrap(err, "%s in the archive", path) : 1;
}

static int take_all(struct store *s, const struct descriptor *v, size_t n, int dirfd,
		    struct error *err)
{
	int taken = 0, r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++) {
		if (store_blob_get(s, v[i].digest, NULL, NULL, NULL) == 1)
			continue;
		r = layout_blob_load(s, &v[i], dirfd, err);
		taken |= r > 0;
	}
	return r < 0 ? r : taken;
}

int members_load(struct store *s, const char *digest, int dirfd, struct error *err)
{
	int r = 1;

	/* What has come may name more. */
	while (r > 0) {
		struct members m = { 0 };
		int whole = members_read(s, digest, &m, err);

		r = MIN(whole, 0);
		if (whole == 0)
			r = take_all(s, m.missing.v, m.missing.n, dirfd, err);
		if (whole == 0 && r == 0)
			r = take_all(s, m.blobs.v, m.blobs.n, dirfd, err);
		members_done(&m);
	}
	return r;
}
