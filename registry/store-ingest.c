/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs on their way in. STATE/ingest/HEX is open for writing, and locked, in one process at a
 * time; when that one ends, however it ends, the kernel closes the file, which inotify tells those
 * who wait. Others look at it only through descriptors that can't write: their closing is not told.
 */
#include "registry/store-private.h"

#include "util/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK (256 << 10)

struct ingest {
	struct store *store;
	int fd;
	struct hash *hash;
	char *digest, *path;
	uint64_t size, have; /* size: UINT64_MAX when it is not known */
};

/* 1: locked by somebody else; 0: free. */
static int is_locked(struct store *s, const char *path, struct error *err)
{
	autoclose int fd = openat(s->dirfd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_sys(err, "%s/%s", s->dir, path);
	int r = fd_lock(fd, true, false, err);
	return r < 0 ? r : !r;
}

/* 1: *ret_fd is the file and its lock is ours; 0: somebody else has it. */
static int lock_file(struct store *s, const char *path, int *ret_fd, struct error *err)
{
	for (;;) {
		struct stat ours, there;
		int r = is_locked(s, path, err);
		if (r != 0)
			return r < 0 ? r : 0;
		autoclose int fd = openat(s->dirfd, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
					  0600);
		if (fd < 0)
			return error_sys(err, "%s/%s", s->dir, path);
		r = fd_lock(fd, true, false, err);
		if (r <= 0)
			return r;
		/* It may have become a blob while we waited for the lock. */
		if (fstat(fd, &ours) == 0 && ours.st_nlink &&
		    fstatat(s->dirfd, path, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
		    there.st_ino == ours.st_ino) {
			*ret_fd = TAKE_FD(fd);
			return 1;
		}
	}
}

/* Drops what it has. */
static int ingest_restart(struct ingest *in, struct error *err)
{
	hash_free(in->hash);
	in->hash = hash_new(starts_with(in->digest, "sha512:") ? HASH_SHA512 : HASH_SHA256);
	in->have = 0;
	if (ftruncate(in->fd, 0) < 0 || lseek(in->fd, 0, SEEK_SET) < 0)
		return error_sys(err, "%s/%s", in->store->dir, in->path);
	return 0;
}

/* What an earlier try left behind. */
static int hash_partial(struct ingest *in, struct error *err)
{
	autofree char *chunk = xalloc(1, CHUNK);
	struct stat st;
	int r = fstat(in->fd, &st) < 0 ? error_sys(err, "%s", in->path) : 0;
	if (r < 0 || (uint64_t)st.st_size > in->size)
		return r < 0 ? r : ingest_restart(in, err);
	for (size_t n = 1; r == 0 && n;) {
		r = io_read_full(in->fd, chunk, CHUNK, &n, err);
		if (r < 0)
			return r;
		hash_update(in->hash, chunk, n);
		in->have += n;
	}
	return r;
}

static int ingest_take(struct store *s, const char *digest, uint64_t size, int fd,
		       struct ingest **ret, struct error *err)
{
	autocall(ingest_freep) struct ingest *in = xnew(struct ingest);
	in->store = s;
	in->fd = fd;
	in->digest = xstrdup(digest);
	in->path = ingest_path(digest);
	in->size = size;
	in->hash = hash_new(starts_with(digest, "sha512:") ? HASH_SHA512 : HASH_SHA256);
	int r = hash_partial(in, err);
	if (r == 0)
		*ret = TAKE_PTR(in);
	return r;
}

/* Its lock is taken first: so nobody else takes it for what it was. */
static void sweep_one(struct store *s, const char *name, bool remove, struct store_gc_report *rep)
{
	autofree char *path = xprintf(STORE_INGEST "/%s", name);
	autoclose int fd = openat(s->dirfd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fd_lock(fd, true, false, NULL) <= 0 || fstat(fd, &st) < 0)
		return;
	rep->partials++;
	rep->bytes += (uint64_t)st.st_size;
	if (remove)
		unlinkat(s->dirfd, path, 0);
}

void ingest_sweep(struct store *s, bool remove, struct store_gc_report *rep)
{
	int fd = openat(s->dirfd, STORE_INGEST, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		fd_close(fd);
		return;
	}
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.')
			sweep_one(s, e->d_name, remove, rep);
	closedir(d);
}

int store_ingest_begin(struct store *s, const char *digest, uint64_t size, struct ingest **ret,
		       uint64_t *ret_offset, struct error *err)
{
	int fd = -1;
	int r = store_blob_get(s, digest, NULL, NULL, err);
	if (r != 0)
		return r;
	autofree char *path = ingest_path(digest);
	r = lock_file(s, path, &fd, err);
	if (r <= 0)
		return r < 0 ? r : 2;
	/* The one who had the lock before may have finished. */
	r = store_blob_get(s, digest, NULL, NULL, err);
	if (r != 0) {
		unlinkat(s->dirfd, path, 0);
		fd_close(fd);
		return r;
	}
	r = ingest_take(s, digest, size, fd, ret, err);
	if (r == 0)
		*ret_offset = (*ret)->have;
	return r;
}

int ingest_write(struct ingest *in, const void *p, size_t n, struct error *err)
{
	if (n > in->size - in->have)
		return error_set(err, ERR_CORRUPT, "%s: more than its %llu bytes", in->digest,
				 (unsigned long long)in->size);
	int r = io_write_all(in->fd, p, n, err);
	if (r < 0)
		return error_wrap(err, "%s/%s", in->store->dir, in->path);
	hash_update(in->hash, p, n);
	in->have += n;
	return 0;
}

static int ingest_verify(struct ingest *in, struct error *err)
{
	char have[DIGEST_MAX];
	if (in->size != UINT64_MAX && in->have != in->size)
		return error_set(err, ERR_CORRUPT, "%s: %llu bytes instead of %llu", in->digest,
				 (unsigned long long)in->have, (unsigned long long)in->size);
	hash_final(in->hash, have);
	if (!streq(have, in->digest))
		return error_set(err, ERR_CORRUPT, "%s: the data that came has the digest %s",
				 in->digest, have);
	return 0;
}

int ingest_commit(struct ingest *in, struct error *err)
{
	int r = ingest_verify(in, err);
	if (r < 0)
		unlinkat(in->store->dirfd, in->path, 0);
	else
		r = blob_add(in->store, in->path, in->digest, in->have, err);
	ingest_free(in);
	return r;
}

struct ingest *ingest_free(struct ingest *in)
{
	if (!in)
		return NULL;
	hash_free(in->hash);
	fd_close(in->fd);
	free(in->digest);
	free(in->path);
	free(in);
	return NULL;
}

/* -- waiting for the one who has it -- */

struct ingest_wait {
	struct task task;
	sd_event_source *watch;
};

static void wait_cancel(struct task *t)
{
	struct error err = ERROR_INIT;
	error_set(&err, ERR_CANCELLED, "cancelled");
	task_fail(t, &err);
}

static void wait_free(struct task *t)
{
	struct ingest_wait *w = container_of(t, struct ingest_wait, task);
	sd_event_source_disable_unref(w->watch);
	free(w);
}

static const struct task_ops wait_ops = { "wait for a blob", wait_cancel, wait_free };

static int wait_event(sd_event_source *src, const struct inotify_event *ev, void *userdata)
{
	struct ingest_wait *w = userdata;
	sd_event_source_set_enabled(src, SD_EVENT_OFF);
	task_end(&w->task, 0);
	return 0;
}

/* First the watch, then the question: an end in between is seen. */
struct task *store_ingest_wait(struct store *s, sd_event *loop, const char *digest)
{
	struct ingest_wait *w = xnew(struct ingest_wait);
	struct error err = ERROR_INIT;
	task_init(&w->task, &wait_ops, loop);
	autofree char *path = ingest_path(digest);
	autofree char *full = xprintf("%s/%s", s->dir, path);
	int r = sd_event_add_inotify(loop, &w->watch, full, IN_CLOSE_WRITE | IN_DELETE_SELF,
				     wait_event, w);
	if (r == -ENOENT) {
		task_end(&w->task, 0);
		return &w->task;
	}
	if (r < 0)
		r = error_sys_from(&err, -r, "%s", full);
	else
		r = is_locked(s, path, &err);
	if (r < 0)
		task_fail(&w->task, &err);
	else if (r == 0)
		task_end(&w->task, 0);
	return &w->task;
}
