/* SPDX-License-Identifier: Apache-2.0 */
/* Layers: directories by diff id, made by compose-unpack from a blob, or adopted from an overlay's
 * upper. */
#include "registry/store-private.h"

#include "util/path.h"
#include "util/time.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPE_SIZE (1 << 20)

static bool is_there(struct store *s, const char *diff_id)
{
	int64_t one;
	autofree char *path = layer_path(diff_id);
	return db_query_i64(s->db, &one, NULL, "SELECT 1 FROM layers WHERE diff_id = ?", "s",
			    diff_id) == 1 &&
	       faccessat(s->dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool store_layer_has(struct store *s, const char *diff_id)
{
	if (!digest_valid(diff_id) || store_hold(s, NULL) < 0)
		return false;
	bool has = is_there(s, diff_id) && pin(s, GC_ROOT_LAYER, diff_id, NULL) == 0;
	store_release(s);
	return has;
}

char *store_layer_path(const struct store *s, const char *diff_id)
{
	autofree char *path = layer_path(diff_id);
	return xprintf("%s/%s", s->dir, path);
}

int layer_blob_add(struct store *s, const char *diff_id, const char *digest, const char *kind,
		   struct error *err)
{
	return db_run(s->db, err,
		      "INSERT INTO layer_blobs (diff_id, digest, kind) VALUES (?, ?, ?)"
		      " ON CONFLICT DO NOTHING",
		      "sss", diff_id, digest, kind);
}

/* What is there without a row was never finished, or is to be removed: ours takes its place. */
static int move_in(struct store *s, const char *dir, const char *path, struct error *err)
{
	for (int tries = 0; tries < 10; tries++) {
		if (renameat(s->dirfd, dir, s->dirfd, path) == 0)
			return 0;
		if (errno != EEXIST && errno != ENOTEMPTY)
			break;
		int r = stage_discard(s, path, err);
		if (r < 0)
			return r;
	}
	return error_sys(err, "%s/%s", s->dir, path);
}

static int add(struct store *s, const char *dir, const struct layer_answer *a, bool packed,
	       struct error *err)
{
	autofree char *path = layer_path(a->diff_id);
	int r = pin(s, GC_ROOT_LAYER, a->diff_id, err);
	if (r == 0)
		r = move_in(s, dir, path, err);
	if (r < 0)
		return r;
	return db_run(s->db, err,
		      "INSERT INTO layers (diff_id, size, entries, bytes, packed, added, boot)"
		      " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (diff_id) DO UPDATE SET"
		      " added = excluded.added, boot = excluded.boot",
		      "siiiiis", a->diff_id, (int64_t)a->size, (int64_t)a->entries,
		      (int64_t)a->bytes, (int64_t)packed, time_now(), s->boot);
}

/* The directory (relative to STATE) becomes the layer. packed: compose-pack makes the same tar of
 * it again. */
static int layer_add(struct store *s, const char *dir, const struct layer_answer *a, bool packed,
		     struct error *err)
{
	if (store_layer_has(s, a->diff_id))
		return stage_discard(s, dir, err);
	int r = store_hold(s, err);
	if (r < 0)
		return r;
	r = add(s, dir, a, packed, err);
	store_release(s);
	return r;
}

/* -- unpack -- */

struct unpack {
	struct task task;
	struct store *s;
	struct helper *helper;
	char *dir; /* staged, relative to STATE */
	struct unpacked *ret;
};

static void unpack_cancel(struct task *t)
{
	helper_kill(container_of(t, struct unpack, task)->helper);
}

static void unpack_free(struct task *t)
{
	struct unpack *u = container_of(t, struct unpack, task);
	helper_free(u->helper);
	free(u->dir);
	free(u);
}

static const struct task_ops unpack_ops = { "unpack a layer", unpack_cancel, unpack_free };

static int unpack_keep(struct unpack *u, const struct layer_answer *a, struct error *err)
{
	int r = layer_add(u->s, u->dir, a, false, err);
	if (r == 0)
		r = layer_blob_add(u->s, a->diff_id, a->digest, a->compression, err);
	return r;
}

static void unpack_done(void *userdata, int r, struct layer_answer *a, struct error *err)
{
	struct unpack *u = userdata;
	if (r == 0)
		r = unpack_keep(u, a, err);
	if (r == 0 && u->ret) {
		snprintf(u->ret->digest, DIGEST_MAX, "%s", a->digest);
		u->ret->packed = a->packed;
	}
	if (r < 0)
		path_remove_tree(u->s->dirfd, u->dir, NULL);
	task_end_with(&u->task, r, err);
}

static int unpack_start(struct unpack *u, const char *diff_id, const char *digest, int input,
			struct error *err)
{
	struct helper_spec spec = {
		.program = "compose-unpack",
		.job = { .op = (char[]){ LAYER_UNPACK_LAYER },
			 .diff_id = (char *)(uintptr_t)diff_id,
			 .digest = (char *)(uintptr_t)digest },
		.input = input,
		.out = -1,
	};
	int r = stage_name(u->s, &u->dir, err);
	if (r < 0)
		return r;
	r = stage_mkdir(u->s, u->dir, err);
	if (r < 0)
		return r;
	autoclose int dir = openat(u->s->dirfd, u->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_sys(err, "%s/%s", u->s->dir, u->dir);
	spec.dir = dir;
	return helper_start(u->s, u->task.loop, &spec, unpack_done, u, &u->helper, err);
}

static struct unpack *unpack_new(struct store *s, sd_event *loop)
{
	struct unpack *u = xnew(struct unpack);
	task_init(&u->task, &unpack_ops, loop);
	u->s = s;
	return u;
}

static int feed_pipe(int ret_fds[2], struct error *err)
{
	int r = fd_pipe(ret_fds, err);
	if (r < 0)
		return r;
	fcntl(ret_fds[1], F_SETPIPE_SZ, PIPE_SIZE);
	return fd_nonblock(ret_fds[1], true, err);
}

struct task *store_layer_unpack(struct store *s, sd_event *loop, const char *diff_id,
				const char *blob_digest, int *ret_fd)
{
	struct unpack *u = unpack_new(s, loop);
	struct error err = ERROR_INIT;
	int fds[2] = { -1, -1 };
	int r = feed_pipe(fds, &err);
	autoclose int from = fds[0], to = fds[1];
	if (r == 0)
		r = unpack_start(u, diff_id, blob_digest, from, &err);
	if (r < 0)
		task_fail(&u->task, &err);
	*ret_fd = r < 0 ? -1 : TAKE_FD(to);
	return &u->task;
}

struct task *store_layer_unpack_blob(struct store *s, sd_event *loop, const char *diff_id,
				     const char *blob_digest)
{
	struct error err = ERROR_INIT;
	autoclose int fd = -1;
	if (store_layer_has(s, diff_id))
		return task_resolved(loop, 0, NULL);
	struct unpack *u = unpack_new(s, loop);
	int r = store_blob_get(s, blob_digest, &fd, NULL, &err);
	if (r == 0)
		r = error_set(&err, ERR_NOT_FOUND, "%s is not in the image store", blob_digest);
	if (r > 0)
		r = unpack_start(u, diff_id, blob_digest, fd, &err);
	if (r < 0)
		task_fail(&u->task, &err);
	return &u->task;
}

struct task *layer_unpack_fd(struct store *s, sd_event *loop, const char *diff_id,
			     const char *digest, int fd, struct unpacked *ret)
{
	struct unpack *u = unpack_new(s, loop);
	struct error err = ERROR_INIT;
	u->ret = ret;
	if (unpack_start(u, diff_id, digest, fd, &err) < 0)
		task_fail(&u->task, &err);
	return &u->task;
}

/* -- adopt -- */

struct adopt {
	struct task task;
	struct store *s;
	struct helper *helper;
	char *dir; /* the upper, absolute */
	char *ret_diff_id;
	uint64_t *ret_size;
};

static void adopt_cancel(struct task *t)
{
	helper_kill(container_of(t, struct adopt, task)->helper);
}

static void adopt_free(struct task *t)
{
	struct adopt *a = container_of(t, struct adopt, task);
	helper_free(a->helper);
	free(a->dir);
	free(a);
}

static const struct task_ops adopt_ops = { "adopt a layer", adopt_cancel, adopt_free };

static void adopt_done(void *userdata, int r, struct layer_answer *answer, struct error *err)
{
	struct adopt *a = userdata;
	if (r == 0)
		r = layer_add(a->s, path_below(a->s->dir, a->dir), answer, true, err);
	if (r == 0) {
		snprintf(a->ret_diff_id, DIGEST_MAX, "%s", answer->diff_id);
		*a->ret_size = answer->size;
		store_layer_unstage(a->s, a->dir, NULL);
	}
	task_end_with(&a->task, r, err);
}

static int adopt_start(struct adopt *a, int64_t mtime_max, struct error *err)
{
	struct helper_spec spec = {
		.program = "compose-pack",
		.job = { .op = (char[]){ "pack" } },
		.input = -1,
		.out = -1,
	};
	if (!path_below(a->s->dir, a->dir))
		return error_set(err, ERR_INVALID, "%s: not a directory of the image store",
				 a->dir);
	autoclose int dir = open(a->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return error_sys(err, "%s", a->dir);
	spec.dir = dir;
	spec.job.clamp = mtime_max != INT64_MAX;
	spec.job.mtime_max = spec.job.clamp ? mtime_max : 0;
	return helper_start(a->s, a->task.loop, &spec, adopt_done, a, &a->helper, err);
}

struct task *store_layer_adopt(struct store *s, sd_event *loop, const char *dir, int64_t mtime_max,
			       char ret_diff_id[DIGEST_MAX], uint64_t *ret_size)
{
	struct adopt *a = xnew(struct adopt);
	struct error err = ERROR_INIT;
	task_init(&a->task, &adopt_ops, loop);
	a->s = s;
	a->dir = path_clean(dir);
	a->ret_diff_id = ret_diff_id;
	a->ret_size = ret_size;
	if (adopt_start(a, mtime_max, &err) < 0)
		task_fail(&a->task, &err);
	return &a->task;
}
