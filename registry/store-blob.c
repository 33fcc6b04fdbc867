/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/store-private.h"

#include "util/io.h"
#include "util/time.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_digest(const char *digest, struct error *err)
{
	if (digest && digest_valid(digest))
		return 0;
	return error_set(err, ERR_INVALID, "\"%.200s\" is not a digest", digest ? digest : "");
}

/* The row says that it is whole; the file could have been taken away by hand. */
static int look(struct store *s, const char *digest, int *ret_fd, uint64_t *ret_size,
		struct error *err)
{
	int64_t size;
	struct stat st;
	int r = db_query_i64(s->db, &size, err, "SELECT size FROM blobs WHERE digest = ?", "s",
			     digest);
	if (r <= 0)
		return r;
	autofree char *path = blob_path(digest);
	autoclose int fd = openat(s->dirfd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_sys(err, "%s/%s", s->dir, path);
	if (fstat(fd, &st) < 0 || st.st_size != size)
		return 0;
	r = pin(s, GC_ROOT_BLOB, digest, err);
	if (r < 0)
		return r;
	if (ret_fd)
		*ret_fd = TAKE_FD(fd);
	if (ret_size)
		*ret_size = (uint64_t)size;
	return 1;
}

int store_blob_get(struct store *s, const char *digest, int *ret_fd, uint64_t *ret_size,
		   struct error *err)
{
	int r = check_digest(digest, err);
	if (r == 0)
		r = store_hold(s, err);
	if (r < 0)
		return r;
	r = look(s, digest, ret_fd, ret_size, err);
	store_release(s);
	return r;
}

int store_blob_read(struct store *s, const char *digest, struct buf *out, struct error *err)
{
	autoclose int fd = -1;
	uint64_t size = 0;
	char have[DIGEST_MAX];
	size_t at = out->len;
	int r = store_blob_get(s, digest, &fd, &size, err);
	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "%s is not in the image store", digest);
	if (r > 0)
		r = io_read_fd(fd, out, err);
	if (r < 0)
		return r;
	/* Documents are small: what is used is checked, whatever the disk did to it. */
	if (!starts_with(digest, "sha256:"))
		return 0;
	hash_digest(out->p + at, out->len - at, have);
	if (!streq(have, digest))
		return error_set(err, ERR_CORRUPT,
				 "%s in the image store is damaged: `compose fsck` mends it",
				 digest);
	return 0;
}

static int add(struct store *s, const char *name, const char *digest, uint64_t size,
	       struct error *err)
{
	autofree char *path = blob_path(digest);
	int r = pin(s, GC_ROOT_BLOB, digest, err);
	if (r < 0)
		return r;
	if (fchmodat(s->dirfd, name, 0400, 0) < 0 || renameat(s->dirfd, name, s->dirfd, path) < 0)
		return error_sys(err, "%s/%s", s->dir, path);
	return db_run(s->db, err,
		      "INSERT INTO blobs (digest, size, added, boot) VALUES (?, ?, ?, ?)"
		      " ON CONFLICT (digest) DO UPDATE SET size = excluded.size,"
		      " added = excluded.added, boot = excluded.boot",
		      "siis", digest, (int64_t)size, time_now(), s->boot);
}

int blob_add(struct store *s, const char *name, const char *digest, uint64_t size,
	     struct error *err)
{
	int r = store_hold(s, err);
	if (r < 0)
		return r;
	r = add(s, name, digest, size, err);
	store_release(s);
	return r;
}

int blob_forget(struct store *s, const char *digest, struct error *err)
{
	autofree char *path = blob_path(digest);
	int r = store_hold(s, err);
	if (r < 0)
		return r;
	r = db_run(s->db, err, "DELETE FROM blobs WHERE digest = ?", "s", digest);
	if (r == 0 && unlinkat(s->dirfd, path, 0) < 0 && errno != ENOENT)
		r = error_sys(err, "%s/%s", s->dir, path);
	store_release(s);
	return r;
}

int store_blob_put(struct store *s, const void *p, size_t n, char ret_digest[DIGEST_MAX],
		   struct error *err)
{
	autofree char *name = NULL;
	autoclose int fd = -1;
	char digest[DIGEST_MAX];
	hash_digest(p, n, digest);
	int r = store_blob_get(s, digest, NULL, NULL, err);
	if (r == 0) {
		r = stage_file(s, &name, &fd, err);
		if (r == 0)
			r = io_write_all(fd, p, n, err);
		if (r == 0)
			r = blob_add(s, name, digest, n, err);
		if (r < 0 && name)
			unlinkat(s->dirfd, name, 0);
	}
	if (r < 0)
		return r;
	snprintf(ret_digest, DIGEST_MAX, "%s", digest);
	return 0;
}
