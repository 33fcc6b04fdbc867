/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a layer's directory still has its content. compose-pack gives the diff id of one that it
 * made; one that came from elsewhere (other order, other headers) is unpacked again beside it, and
 * both are packed and compared.
 */
#include "registry/store-private.h"

#include "event/loop.h"
#include "util/path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct run {
	struct task task;
	struct helper *helper;
	char *ret_diff_id;
};

static void run_free(struct task *t)
{
	struct run *p = container_of(t, struct run, task);
	helper_free(p->helper);
	free(p);
}

static const struct task_ops run_ops = { "check a layer", NULL, run_free };

static void run_done(void *userdata, int r, struct layer_answer *a, struct error *err)
{
	struct run *p = userdata;
	if (r == 0 && p->ret_diff_id)
		snprintf(p->ret_diff_id, DIGEST_MAX, "%s", a->diff_id);
	task_end_with(&p->task, r, err);
}

/* Runs a helper to its end, in a loop of its own: fsck is not called from within one. */
static int run_helper(struct store *s, const struct helper_spec *spec, char *ret_diff_id,
		      struct error *err)
{
	autoloop *loop = NULL;
	struct error e = ERROR_INIT;
	int r = loop_new(&loop, err);
	if (r < 0)
		return r;
	struct run *p = xnew(struct run);
	task_init(&p->task, &run_ops, loop);
	p->ret_diff_id = ret_diff_id;
	if (helper_start(s, loop, spec, run_done, p, &p->helper, &e) < 0)
		task_fail(&p->task, &e);
	return task_wait(&p->task, err);
}

static int pack(struct store *s, const char *path, const char *diff_id, char *ret_diff_id,
		struct error *err)
{
	autoclose int dir = openat(s->dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct helper_spec spec = {
		.program = "compose-pack",
		.job = { .op = (char[]){ "pack" }, .diff_id = (char *)(uintptr_t)diff_id },
		.input = -1,
		.dir = dir,
		.out = -1,
	};
	if (dir < 0)
		return error_sys(err, "%s/%s", s->dir, path);
	return run_helper(s, &spec, ret_diff_id, err);
}

int fsck_packed(struct store *s, const char *diff_id, struct error *err)
{
	struct error e = ERROR_INIT;
	autofree char *path = layer_path(diff_id);
	int r = pack(s, path, diff_id, NULL, &e);
	if (r == -ERR_CORRUPT)
		return 1;
	if (r < 0)
		*err = e;
	return r;
}

int fsck_layer_blob(struct store *s, const char *diff_id, char ret_digest[DIGEST_MAX],
		    struct error *err)
{
	autostmt *st = NULL;
	int r = db_query(s->db, &st, err,
			 "SELECT digest FROM layer_blobs JOIN blobs USING (digest)"
			 " WHERE diff_id = ? LIMIT 1",
			 "s", diff_id);
	if (r == 0)
		r = db_step(st, err);
	if (r > 0)
		snprintf(ret_digest, DIGEST_MAX, "%s", db_text(st, 0));
	return r;
}

static int unpack_beside(struct store *s, const char *digest, const char *path, struct error *err)
{
	autoclose int blob = -1, dir = -1;
	int r = store_blob_get(s, digest, &blob, NULL, err);
	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "%s is not in the image store", digest);
	if (r < 0)
		return r;
	if (mkdirat(s->dirfd, path, 0755) < 0)
		return error_sys(err, "%s/%s", s->dir, path);
	dir = openat(s->dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct helper_spec spec = {
		.program = "compose-unpack",
		.job = { .op = (char[]){ LAYER_UNPACK_LAYER } },
		.input = blob,
		.dir = dir,
		.out = -1,
	};
	return dir < 0 ? error_sys(err, "%s/%s", s->dir, path) : run_helper(s, &spec, NULL, err);
}

int fsck_unpacked(struct store *s, const char *diff_id, struct error *err)
{
	char digest[DIGEST_MAX], fresh[DIGEST_MAX], have[DIGEST_MAX];
	autofree char *path = layer_path(diff_id), *beside = NULL;
	int r = fsck_layer_blob(s, diff_id, digest, err);
	if (r <= 0)
		return r;
	r = stage_name(s, &beside, err);
	if (r == 0)
		r = unpack_beside(s, digest, beside, err);
	if (r == 0)
		r = pack(s, beside, NULL, fresh, err);
	if (r == 0)
		r = pack(s, path, NULL, have, err);
	if (beside)
		path_remove_tree(s->dirfd, beside, NULL);
	return r < 0 ? r : !streq(fresh, have);
}

int fsck_unpack_again(struct store *s, const char *diff_id, const char *digest, struct error *err)
{
	autoloop *loop = NULL;
	int r = loop_new(&loop, err);
	return r < 0 ? r : task_wait(store_layer_unpack_blob(s, loop, diff_id, digest), err);
}
