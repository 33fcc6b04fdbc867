/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing what nothing needs. Needed is what an image is made of (its config, layers, their blobs,
 * its manifest and what that names), and what other users of the database named as roots. Nobody
 * else may have the store open meanwhile: what others have looked up but not written down yet would
 * look unneeded.
 */
#include "registry/store-private.h"

#include "util/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT_DEPTH 4 /* of indexes in indexes */

static const char *const root_kinds[] = {
	[GC_ROOT_IMAGE] = "image", [GC_ROOT_LAYER] = "layer", [GC_ROOT_BLOB] = "blob"
};

/* keep: needed by what stays; doomed: what may go (everything, when it is a whole gc). */
static const char temp_tables[] =
	"CREATE TEMP TABLE IF NOT EXISTS keep (kind TEXT, digest TEXT, PRIMARY KEY (kind, digest))"
	" WITHOUT ROWID;"
	"CREATE TEMP TABLE IF NOT EXISTS doomed (kind TEXT, digest TEXT, PRIMARY KEY (kind, "
	"digest))"
	" WITHOUT ROWID;"
	"DELETE FROM keep; DELETE FROM doomed;";

static bool is_word(const char *s)
{
	for (; *s; s++)
		if (!char_is_alnum(*s) && *s != '_')
			return false;
	return true;
}

int store_gc_root(struct store *s, enum gc_root_kind kind, const char *table, const char *column,
		  struct error *err)
{
	if (!is_word(table) || !is_word(column))
		return error_set(err, ERR_INVALID, "gc root %s.%s: not plain names", table, column);
	return db_run(s->db, err,
		      "INSERT INTO gc_roots (kind, source, field) VALUES (?, ?, ?)"
		      " ON CONFLICT DO NOTHING",
		      "sss", root_kinds[kind], table, column);
}

/* 1: it was new there. */
static int mark(struct store *s, const char *table, const char *kind, const char *digest,
		struct error *err)
{
	autofree char *sql = xprintf("INSERT OR IGNORE INTO %s (kind, digest) VALUES (?, ?)",
				     table);
	int r = db_run(s->db, err, sql, "ss", kind, digest);
	return r < 0 ? r : sqlite3_changes(s->db) > 0;
}

static int mark_document(struct store *s, const char *table, const char *digest, int depth,
			 struct error *err);

static int mark_members(struct store *s, const char *table, const struct manifest *m, int depth,
			struct error *err)
{
	int r = 0;
	if (!manifest_is_index(m))
		r = mark(s, table, "blob", m->config.digest, err);
	vec_foreach (d, &m->layers)
		r = r < 0 ? r : mark(s, table, "blob", d->digest, err);
	vec_foreach (d, &m->manifests)
		r = r < 0 ? r : mark_document(s, table, d->digest, depth + 1, err);
	return r;
}

/* One that can't be read keeps nothing but itself: fsck says so. */
static int mark_document(struct store *s, const char *table, const char *digest, int depth,
			 struct error *err)
{
	autobuf text = { 0 };
	struct manifest m = { 0 };
	int r = mark(s, table, "blob", digest, err);
	if (r <= 0 || depth > LIMIT_DEPTH)
		return r;
	buf_init(&text, LIMIT_MANIFEST);
	if (store_blob_read(s, digest, &text, NULL) < 0 ||
	    manifest_parse(text.p, text.len, NULL, &m, NULL) < 0)
		return 0;
	r = mark_members(s, table, &m, depth, err);
	manifest_done(&m);
	return r;
}

static int mark_documents(struct store *s, const char *table, const char *id, struct error *err)
{
	autostmt *st = NULL;
	int r = db_query(s->db, &st, err,
			 "SELECT manifest_digest FROM images WHERE id = ?1"
			 " UNION SELECT index_digest FROM images WHERE id = ?1"
			 " UNION SELECT manifest_digest FROM refs WHERE id = ?1"
			 " UNION SELECT index_digest FROM refs WHERE id = ?1",
			 "s", id);
	while (r >= 0 && (r = db_step(st, err)) > 0)
		if (db_text(st, 0))
			r = mark_document(s, table, db_text(st, 0), 0, err);
	return r;
}

static int mark_image(struct store *s, const char *table, const char *id, struct error *err)
{
	autofree char *layers = xprintf("INSERT OR IGNORE INTO %s (kind, digest) SELECT 'layer',"
					" diff_id FROM image_layers WHERE id = ?",
					table);
	int r = mark(s, table, "blob", id, err);
	if (r >= 0)
		r = db_run(s->db, err, layers, "s", id);
	return r < 0 ? r : mark_documents(s, table, id, err);
}

/* The blobs of the layers that are marked. */
static int mark_layer_blobs(struct store *s, const char *table, struct error *err)
{
	autofree char *sql = xprintf(
		"INSERT OR IGNORE INTO %s (kind, digest) SELECT 'blob', lb.digest"
		" FROM layer_blobs AS lb JOIN %s AS t ON t.kind = 'layer'"
		" AND t.digest = lb.diff_id",
		table, table);
	return db_run(s->db, err, sql, "");
}

static int mark_images(struct store *s, const char *table, struct error *err)
{
	autostmt *st = NULL;
	int r = db_query(s->db, &st, err, "SELECT id FROM images", "");
	while (r >= 0 && (r = db_step(st, err)) > 0)
		r = mark_image(s, table, db_text(st, 0), err);
	return r;
}

static int mark_roots(struct store *s, struct error *err)
{
	autostmt *st = NULL;
	int r = db_query(s->db, &st, err,
			 "SELECT kind, source, field FROM gc_roots"
			 " WHERE kind <> 'image' AND source IN (SELECT name FROM sqlite_schema)",
			 "");
	while (r >= 0 && (r = db_step(st, err)) > 0) {
		autofree char *sql = xprintf(
			"INSERT OR IGNORE INTO keep (kind, digest)"
			" SELECT ?, \"%s\" FROM \"%s\" WHERE \"%s\" IS NOT NULL",
			db_text(st, 2), db_text(st, 1), db_text(st, 2));
		r = db_run(s->db, err, sql, "s", db_text(st, 0));
	}
	return r;
}

/* Images that go: nameless ones, or (all) any; not those that something uses. */
static int drop_images(struct store *s, bool all, struct store_gc_report *rep, struct error *err)
{
	autostmt *st = NULL;
	autobuf sql = { 0 };
	buf_init(&sql, BUF_MAX_ANY);
	buf_adds(&sql, "DELETE FROM images WHERE id NOT IN (SELECT id FROM uses)"
		       " AND (?1 OR id NOT IN (SELECT id FROM refs))");
	int r = db_query(s->db, &st, err,
			 "SELECT source, field FROM gc_roots WHERE kind = 'image'"
			 " AND source IN (SELECT name FROM sqlite_schema)",
			 "");
	while (r >= 0 && (r = db_step(st, err)) > 0)
		buf_addf(&sql,
			 " AND id NOT IN (SELECT \"%s\" FROM \"%s\" WHERE \"%s\" IS NOT NULL)",
			 db_text(st, 1), db_text(st, 0), db_text(st, 1));
	if (r == 0 && all)
		r = db_exec(s->db, "PRAGMA defer_foreign_keys = ON", err);
	if (r == 0)
		r = db_run(s->db, err, sql.p, "i", (int64_t)all);
	rep->images = (size_t)sqlite3_changes(s->db);
	if (r == 0 && all)
		r = db_run(s->db, err, "DELETE FROM refs WHERE id NOT IN (SELECT id FROM images)",
			   "");
	return r;
}

static int count_rows(struct store *s, struct store_gc_report *rep, struct error *err)
{
	autostmt *st = NULL;
	int r = db_query(
		s->db, &st, err,
		"SELECT (SELECT count(*) FROM blobs WHERE digest IN gone_blobs),"
		" (SELECT coalesce(sum(size), 0) FROM blobs WHERE digest IN gone_blobs),"
		" (SELECT count(*) FROM layers WHERE diff_id IN gone_layers),"
		" (SELECT coalesce(sum(bytes), 0) FROM layers WHERE diff_id IN gone_layers)",
		"");
	if (r == 0)
		r = db_step(st, err);
	if (r <= 0)
		return r;
	rep->blobs = (size_t)sqlite3_column_int64(st, 0);
	rep->layers = (size_t)sqlite3_column_int64(st, 2);
	rep->bytes = (uint64_t)sqlite3_column_int64(st, 1) + (uint64_t)sqlite3_column_int64(st, 3);
	return 0;
}

/* Which rows go is written down, since the files go only when it is certain (committed). */
static const char gone_all[] = "CREATE TEMP TABLE gone_blobs AS SELECT digest FROM blobs"
			       " WHERE digest NOT IN (SELECT digest FROM keep WHERE kind = 'blob');"
			       "CREATE TEMP TABLE gone_layers AS SELECT diff_id FROM layers WHERE"
			       " diff_id NOT IN (SELECT digest FROM keep WHERE kind = 'layer');";
static const char gone_doomed[] =
	"CREATE TEMP TABLE gone_blobs AS SELECT digest FROM doomed WHERE kind = 'blob'"
	" EXCEPT SELECT digest FROM keep WHERE kind = 'blob';"
	"CREATE TEMP TABLE gone_layers AS SELECT digest AS diff_id FROM doomed WHERE kind = 'layer'"
	" EXCEPT SELECT digest FROM keep WHERE kind = 'layer';";
static const char delete_gone[] =
	"DELETE FROM blobs WHERE digest IN gone_blobs;"
	"DELETE FROM layers WHERE diff_id IN gone_layers;"
	"DELETE FROM layer_blobs WHERE digest IN gone_blobs OR diff_id IN gone_layers;";

static int mark_needed(struct store *s, struct error *err)
{
	int r = mark_images(s, "keep", err);
	if (r >= 0)
		r = mark_roots(s, err);
	if (r >= 0)
		r = mark_layer_blobs(s, "keep", err);
	return MIN(r, 0);
}

static int remove_gone(struct store *s, const char *gone, struct store_gc_report *rep,
		       struct error *err)
{
	int r = mark_needed(s, err);
	if (r == 0)
		r = db_exec(s->db,
			    "DROP TABLE IF EXISTS temp.gone_blobs;"
			    "DROP TABLE IF EXISTS temp.gone_layers;",
			    err);
	if (r == 0)
		r = db_exec(s->db, gone, err);
	if (r == 0)
		r = count_rows(s, rep, err);
	if (r == 0)
		r = db_exec(s->db, delete_gone, err);
	return r;
}

static int remove_files(struct store *s, struct strv *deleted, struct error *err)
{
	autostmt *blobs = NULL, *layers = NULL;
	int r = db_query(s->db, &blobs, err, "SELECT digest FROM gone_blobs", "");
	while (r >= 0 && (r = db_step(blobs, err)) > 0) {
		autofree char *path = blob_path(db_text(blobs, 0));
		if (unlinkat(s->dirfd, path, 0) < 0 && errno != ENOENT)
			r = error_sys(err, "%s/%s", s->dir, path);
	}
	if (r == 0)
		r = db_query(s->db, &layers, err, "SELECT diff_id FROM gone_layers", "");
	while (r >= 0 && (r = db_step(layers, err)) > 0) {
		autofree char *path = layer_path(db_text(layers, 0));
		r = stage_discard(s, path, err);
		if (r == 0 && deleted)
			strv_push(deleted, db_text(layers, 0));
	}
	return r;
}

/* Rows gone must stay gone before their files go: a power cut must not bring them back. */
static int with_full_sync(struct store *s, bool on, struct error *err)
{
	return db_exec(s->db, on ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
		       err);
}

/* Files that no row knows: left by a kill, or by a power cut. name is "HEX". */
static bool is_known(struct store *s, const char *sql, const char *prefix, const char *name)
{
	int64_t one;
	autofree char *digest = xprintf("%s%s", prefix, name);
	return db_query_i64(s->db, &one, NULL, sql, "s", digest) != 0;
}

static void sweep_folder(struct store *s, const char *folder, const char *sql,
			 const char *const *prefixes, bool dry_run, struct store_gc_report *rep)
{
	int fd = openat(s->dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		fd_close(fd);
		return;
	}
	for (struct dirent *e; (e = readdir(d));) {
		bool known = e->d_name[0] == '.';
		struct stat st;
		for (size_t i = 0; !known && prefixes[i]; i++)
			known = is_known(s, sql, prefixes[i], e->d_name);
		if (known || fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		autofree char *path = xprintf("%s/%s", folder, e->d_name);
		rep->partials++;
		rep->bytes += S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
		if (!dry_run)
			stage_discard(s, path, NULL);
	}
	closedir(d);
}

static void sweep_unknown(struct store *s, bool dry_run, struct store_gc_report *rep)
{
	static const char blob_row[] = "SELECT 1 FROM blobs WHERE digest = ?";
	static const char layer_row[] = "SELECT 1 FROM layers WHERE diff_id = ?";
	static const char *const sha256[] = { "sha256:", NULL },
				 *const sha512[] = { "sha512:", NULL },
				 *const any[] = { "sha256:", "sha512:", NULL };
	sweep_folder(s, STORE_BLOBS "/sha256", blob_row, sha256, dry_run, rep);
	sweep_folder(s, STORE_BLOBS "/sha512", blob_row, sha512, dry_run, rep);
	sweep_folder(s, STORE_LAYERS, layer_row, any, dry_run, rep);
	sweep_folder(s, STORE_INGEST, "SELECT 1 WHERE ? IS NULL", any, dry_run, rep);
}

/* 1: nobody else has the store; 0: somebody has. A failed change of the lock loses it: taken again.
 */
static int lock_alone(struct store *s, struct error *err)
{
	int r = fd_lock(s->lock, true, false, err);
	if (r <= 0)
		fd_lock(s->lock, false, true, NULL);
	return r;
}

static int collect(struct store *s, bool dry_run, bool all, struct store_gc_report *rep,
		   struct error *err)
{
	int r = db_exec(s->db, temp_tables, err);
	if (r == 0)
		r = with_full_sync(s, true, err);
	if (r == 0)
		r = db_begin(s->db, err);
	if (r < 0)
		return r;
	r = drop_images(s, all, rep, err);
	if (r == 0)
		r = remove_gone(s, gone_all, rep, err);
	if (r == 0 && !dry_run)
		r = store_write_index(s, err);
	if (dry_run) {
		db_exec(s->db, "ROLLBACK", NULL);
		return r;
	}
	r = db_end(s->db, r, err);
	return r < 0 ? r : remove_files(s, NULL, err);
}

int store_gc(struct store *s, bool dry_run, bool all_images, struct store_gc_report *ret,
	     struct error *err)
{
	struct store_gc_report rep = { 0 };
	int r = dry_run ? 1 : lock_alone(s, err);
	if (r == 0)
		return error_set(err, ERR_CONFLICT,
				 "%s: another compose command uses the image store: try again when "
				 "it has ended",
				 s->dir);
	if (r < 0)
		return r;
	r = collect(s, dry_run, all_images, &rep, err);
	if (r == 0)
		sweep_unknown(s, dry_run, &rep);
	with_full_sync(s, false, NULL);
	if (!dry_run)
		fd_lock(s->lock, false, true, NULL);
	if (r == 0)
		*ret = rep;
	return r;
}

int gc_note(struct store *s, const char *id, struct error *err)
{
	int r = mark_image(s, "doomed", id, err);
	return r < 0 ? r : mark_layer_blobs(s, "doomed", err);
}

int gc_prepare(struct store *s, struct error *err)
{
	return db_exec(s->db, temp_tables, err);
}

int gc_after_remove(struct store *s, struct strv *ret_deleted, struct error *err)
{
	struct store_gc_report rep = { 0 };
	int r = lock_alone(s, err);
	if (r <= 0)
		return r;
	r = with_full_sync(s, true, err);
	if (r == 0)
		r = db_begin(s->db, err);
	if (r == 0)
		r = db_end(s->db, remove_gone(s, gone_doomed, &rep, err), err);
	if (r == 0)
		r = remove_files(s, ret_deleted, err);
	with_full_sync(s, false, NULL);
	fd_lock(s->lock, false, true, NULL);
	return r;
}
