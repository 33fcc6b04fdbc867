/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blob of a layer, for pushing and saving: one that is known, else made now. From the
 * directory, when compose-pack gives the tar that the diff id is of; from the tar as it came, when
 * it was kept.
 */
#include "registry/store-private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const struct {
	const char *kind, *media_type;
} kinds[] = {
	[LAYER_GZIP] = { "gzip", MEDIA_OCI_LAYER "+gzip" },
	[LAYER_ZSTD] = { "zstd", MEDIA_OCI_LAYER "+zstd" },
	[LAYER_PLAIN] = { "plain", MEDIA_OCI_LAYER },
};

struct known {
	char digest[DIGEST_MAX];
	uint64_t size;
	int compression; /* -1: none */
};

struct layer_blob {
	struct task task;
	struct store *s;
	struct helper *helper;
	enum layer_compression compression;
	char *diff_id;
	char *name; /* staged file */
	struct descriptor *ret;
	char **ret_name; /* not NULL: the file is the caller's, the store does not keep it */
};

static void blob_cancel(struct task *t)
{
	helper_kill(container_of(t, struct layer_blob, task)->helper);
}

static void blob_free(struct task *t)
{
	struct layer_blob *b = container_of(t, struct layer_blob, task);
	helper_free(b->helper);
	free(b->diff_id);
	free(b->name);
	free(b);
}

static const struct task_ops blob_ops = { "pack a layer", blob_cancel, blob_free };

static int kind_of(const char *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (streq(kinds[i].kind, kind))
			return (int)i;
	return -1;
}

static void describe(struct descriptor *ret, int compression, const char *digest, uint64_t size)
{
	*ret = (struct descriptor){
		.media_type = xstrdup(kinds[compression].media_type),
		.digest = xstrdup(digest),
		.size = size,
	};
}

/* The best blob that is there: of the kind that is asked for, else compressed otherwise, else (to
 * compress it) plain. */
static int find_known(struct store *s, const char *diff_id, enum layer_compression want,
		      struct known *ret, struct error *err)
{
	autostmt *st = NULL;
	int r = db_query(s->db, &st, err,
			 "SELECT digest, kind FROM layer_blobs WHERE diff_id = ? ORDER BY digest",
			 "s", diff_id);
	ret->compression = -1;
	while (r >= 0 && (r = db_step(st, err)) > 0) {
		int kind = kind_of(db_text(st, 1));
		uint64_t size;
		if (kind < 0 || ret->compression == (int)want ||
		    (kind != (int)want && ret->compression >= 0 && kind == LAYER_PLAIN))
			continue;
		r = store_blob_get(s, db_text(st, 0), NULL, &size, err);
		if (r > 0) {
			ret->compression = kind;
			ret->size = size;
			snprintf(ret->digest, DIGEST_MAX, "%s", db_text(st, 0));
		}
	}
	return r;
}

static int blob_keep(struct layer_blob *b, const struct layer_answer *a, struct error *err)
{
	if (b->ret_name) {
		*b->ret_name = TAKE_PTR(b->name);
		describe(b->ret, (int)b->compression, a->digest, a->packed);
		return 0;
	}
	int r = blob_add(b->s, b->name, a->digest, a->packed, err);
	if (r == 0)
		r = layer_blob_add(b->s, b->diff_id, a->digest, kinds[b->compression].kind, err);
	if (r == 0)
		describe(b->ret, (int)b->compression, a->digest, a->packed);
	return r;
}

static void blob_done(void *userdata, int r, struct layer_answer *a, struct error *err)
{
	struct layer_blob *b = userdata;
	if (r == 0)
		r = blob_keep(b, a, err);
	if (r < 0 && b->name)
		unlinkat(b->s->dirfd, b->name, 0);
	if (r == -ERR_CORRUPT)
		error_wrap(err,
			   "layer %s: its directory does not give its blob any more, pull the "
			   "image again",
			   b->diff_id);
	task_end_with(&b->task, r, err);
}

/* source: a plain blob of it, or -1: the directory. */
static int blob_start(struct layer_blob *b, int source, struct error *err)
{
	struct helper_spec spec = {
		.program = "compose-pack",
		.job = { .op = source < 0 ? (char[]){ "pack" } : (char[]){ "compress" },
			 .diff_id = b->diff_id,
			 .compression = (char *)(uintptr_t)kinds[b->compression].kind },
		.input = source,
	};
	autoclose int out = -1, dir = -1;
	autofree char *path = layer_path(b->diff_id);
	if (source < 0) {
		dir = openat(b->s->dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir < 0)
			return error_sys(err, "layer %s", b->diff_id);
	}
	int r = stage_file(b->s, &b->name, &out, err);
	if (r < 0)
		return r;
	spec.dir = dir;
	spec.out = out;
	return helper_start(b->s, b->task.loop, &spec, blob_done, b, &b->helper, err);
}

static struct layer_blob *blob_new(struct store *s, sd_event *loop, const char *diff_id,
				   enum layer_compression c, struct descriptor *ret)
{
	struct layer_blob *b = xnew(struct layer_blob);
	task_init(&b->task, &blob_ops, loop);
	b->s = s;
	b->compression = c;
	b->diff_id = xstrdup(diff_id);
	b->ret = ret;
	return b;
}

struct task *layer_pack_file(struct store *s, sd_event *loop, const char *diff_id,
			     struct descriptor *ret, char **ret_name)
{
	struct layer_blob *b = blob_new(s, loop, diff_id, LAYER_PLAIN, ret);
	struct error err = ERROR_INIT;
	b->ret_name = ret_name;
	if (blob_start(b, -1, &err) < 0)
		task_fail(&b->task, &err);
	return &b->task;
}

int layer_blob_known(struct store *s, const char *diff_id, struct descriptor *ret,
		     struct error *err)
{
	struct known known;
	int r = find_known(s, diff_id, LAYER_PLAIN, &known, err);
	if (r < 0 || known.compression < 0)
		return r;
	describe(ret, known.compression, known.digest, known.size);
	return 1;
}

struct task *store_layer_blob(struct store *s, sd_event *loop, const char *diff_id,
			      enum layer_compression c, struct descriptor *ret)
{
	struct error err = ERROR_INIT;
	struct known known;
	autoclose int source = -1;
	int r = find_known(s, diff_id, c, &known, &err);
	if (r < 0)
		return task_resolved(loop, r, &err);
	if (known.compression == (int)c ||
	    (known.compression >= 0 && known.compression != LAYER_PLAIN && c != LAYER_PLAIN)) {
		describe(ret, known.compression, known.digest, known.size);
		return task_resolved(loop, 0, NULL);
	}
	struct layer_blob *b = blob_new(s, loop, diff_id, c, ret);
	if (known.compression == LAYER_PLAIN)
		r = store_blob_get(s, known.digest, &source, NULL, &err);
	if (r >= 0)
		r = blob_start(b, source, &err);
	if (r < 0)
		task_fail(&b->task, &err);
	return &b->task;
}
