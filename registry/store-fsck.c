/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the store is whole: every blob has its digest; every layer has as many names as when it
 * was unpacked, and those that compose-pack can pack again give their diff id; every image has its
 * config and its layers. Mending takes away what is wrong, and unpacks layers again from blobs that
 * are right: the next pull brings the rest.
 */
#include "registry/store-private.h"

#include "registry/tree-count.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define CHUNK (1 << 20)

struct fsck {
	struct store *s;
	bool mend;
	store_fault_fn fn;
	void *userdata;
	bool faults;
	struct error *err;
};

static void fault(struct fsck *f, const char *what, const char *digest, const char *why)
{
	f->faults = true;
	if (f->fn)
		f->fn(f->userdata, what, digest, why);
}

/* NULL when all is well, else what is wrong. */
static const char *check_blob(struct store *s, const char *digest)
{
	autoclose int fd = -1;
	char have[DIGEST_MAX];
	bool sha512 = starts_with(digest, "sha512:");
	if (store_blob_get(s, digest, &fd, NULL, NULL) <= 0)
		return "its file is missing, or has another size";
	autocall(hash_freep) struct hash *h = hash_new(sha512 ? HASH_SHA512 : HASH_SHA256);
	autofree char *chunk = xalloc(1, CHUNK);
	for (;;) {
		ssize_t n = read(fd, chunk, CHUNK);
		if (n < 0)
			return "its file can't be read";
		if (n == 0)
			break;
		hash_update(h, chunk, (size_t)n);
	}
	hash_final(h, have);
	return streq(have, digest) ? NULL : "its bytes have another digest";
}

static int list(struct store *s, const char *sql, struct strv *ret, struct error *err)
{
	autostmt *st = NULL;
	int r = db_query(s->db, &st, err, sql, "");
	while (r >= 0 && (r = db_step(st, err)) > 0)
		strv_push(ret, db_text(st, 0));
	return r;
}

/* gc may have taken it since. */
static bool is_listed(struct fsck *f, const char *sql, const char *digest)
{
	int64_t one;
	return db_query_i64(f->s->db, &one, NULL, sql, "s", digest) != 0;
}

static int check_blobs(struct fsck *f)
{
	autostrv digests = { 0 };
	int r = list(f->s, "SELECT digest FROM blobs ORDER BY digest", &digests, f->err);
	for (size_t i = 0; r == 0 && i < digests.n; i++) {
		const char *why = check_blob(f->s, digests.v[i]);
		if (!why || !is_listed(f, "SELECT 1 FROM blobs WHERE digest = ?", digests.v[i]))
			continue;
		fault(f, "blob", digests.v[i], why);
		if (f->mend)
			r = blob_forget(f->s, digests.v[i], f->err);
	}
	return r;
}

struct layer_row {
	char *diff_id;
	uint64_t entries;
	bool packed;
};
typedef VEC(struct layer_row) layer_rows;

/* 0: whole; 1: *why. */
static int check_layer(struct fsck *f, const struct layer_row *row, const char **why)
{
	autofree char *path = layer_path(row->diff_id);
	uint64_t n = 0;
	*why = "its directory is missing";
	if (faccessat(f->s->dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 1;
	*why = "its directory has another content than when it was made";
	if (row->packed)
		return fsck_packed(f->s, row->diff_id, f->err);
	if (tree_count(f->s->dirfd, path, &n, NULL) < 0 || n != row->entries)
		return 1;
	return fsck_unpacked(f->s, row->diff_id, f->err);
}

static int read_layers(struct fsck *f, layer_rows *ret)
{
	autostmt *st = NULL;
	int r = db_query(f->s->db, &st, f->err,
			 "SELECT diff_id, entries, packed FROM layers ORDER BY diff_id", "");
	while (r >= 0 && (r = db_step(st, f->err)) > 0)
		*vec_add(ret) = (struct layer_row){
			.diff_id = db_dup(st, 0),
			.entries = (uint64_t)sqlite3_column_int64(st, 1),
			.packed = sqlite3_column_int64(st, 2) != 0,
		};
	return r;
}

static int drop_layer(struct fsck *f, const char *diff_id)
{
	autofree char *path = layer_path(diff_id);
	int r = db_run(f->s->db, f->err, "DELETE FROM layers WHERE diff_id = ?", "s", diff_id);
	return r < 0 ? r : stage_discard(f->s, path, f->err);
}

/* Blobs were checked before: what is left of them is right. */
static int mend_layer(struct fsck *f, const char *diff_id)
{
	char digest[DIGEST_MAX];
	int r = drop_layer(f, diff_id);
	if (r == 0)
		r = fsck_layer_blob(f->s, diff_id, digest, f->err);
	return r > 0 ? fsck_unpack_again(f->s, diff_id, digest, f->err) : r;
}

static int check_layers(struct fsck *f)
{
	layer_rows rows = { 0 };
	int r = read_layers(f, &rows);
	vec_foreach (row, &rows) {
		const char *why = NULL;
		if (r == 0)
			r = check_layer(f, row, &why);
		if (r == 1 && !is_listed(f, "SELECT 1 FROM layers WHERE diff_id = ?", row->diff_id))
			r = 0;
		if (r == 1) {
			fault(f, "layer", row->diff_id, why);
			r = f->mend ? mend_layer(f, row->diff_id) : 0;
		}
		free(row->diff_id);
	}
	vec_done(&rows);
	return r;
}

static int check_images(struct fsck *f)
{
	autostmt *st = NULL;
	int r = db_query(
		f->s->db, &st, f->err,
		"SELECT id, 'its config is missing' FROM images"
		" WHERE id NOT IN (SELECT digest FROM blobs)"
		" UNION SELECT id, 'a layer of it is missing: pull it again' FROM image_layers"
		" WHERE diff_id NOT IN (SELECT diff_id FROM layers) ORDER BY 1",
		"");
	while (r >= 0 && (r = db_step(st, f->err)) > 0)
		fault(f, "image", db_text(st, 0), db_text(st, 1));
	return r;
}

static int check_database(struct fsck *f)
{
	autostmt *st = NULL;
	int r = db_query(f->s->db, &st, f->err, "PRAGMA integrity_check(1)", "");
	if (r == 0)
		r = db_step(st, f->err);
	if (r > 0 && !streq(db_text(st, 0), "ok"))
		fault(f, "database", "state.db", db_text(st, 0));
	return MIN(r, 0);
}

int store_fsck(struct store *s, bool mend, store_fault_fn fn, void *userdata, struct error *err)
{
	struct fsck f = { .s = s, .mend = mend, .fn = fn, .userdata = userdata, .err = err };
	int r = check_database(&f);
	if (r == 0)
		r = check_blobs(&f);
	if (r == 0)
		r = check_layers(&f);
	if (r == 0)
		r = check_images(&f);
	return r < 0 ? r : f.faults;
}
