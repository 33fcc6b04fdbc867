/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing what nothing needs, in two steps: while the store is ours alone it is decided, rows go,
 * and files move away; then, while others go on, those are deleted.
 */
#include "registry/store-private.h"

#include "util/path.h"
#include "util/time.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_TIME (7 * 24 * 3600 * NSEC_PER_SEC) /* what no build asked for in this time goes */

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
		      "sss", gc_root_name(kind), table, column);
}

/* Said by every process that opens the table: it is written once. */
int store_gc_cache(struct store *s, const char *table, const char *used, struct error *err)
{
	int64_t one;
	if (!is_word(table) || !is_word(used))
		return error_set(err, ERR_INVALID, "gc cache %s.%s: not plain names", table, used);
	int r = db_query_i64(s->db, &one, err, "SELECT 1 FROM gc_caches WHERE source = ?", "s",
			     table);
	if (r == 0)
		r = db_run(s->db, err,
			   "INSERT INTO gc_caches (source, used) VALUES (?, ?)"
			   " ON CONFLICT DO NOTHING",
			   "ss", table, used);
	return MIN(r, 0);
}

/* Rows that only save time. */
static int drop_caches(struct store *s, bool all, struct store_gc_report *rep, struct error *err)
{
	autostmt *st = NULL;
	int64_t before = all ? INT64_MAX : time_now() - CACHE_TIME;
	int r = db_query(s->db, &st, err,
			 "SELECT source, used FROM gc_caches"
			 " WHERE source IN (SELECT name FROM sqlite_schema)",
			 "");
	while (r >= 0 && (r = db_step(st, err)) > 0) {
		autofree char *sql = xprintf("DELETE FROM \"%s\" WHERE \"%s\" < ?", db_text(st, 0),
					     db_text(st, 1));
		r = db_run(s->db, err, sql, "i", before);
		rep->cached += r == 0 ? (size_t)sqlite3_changes(s->db) : 0;
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
		       " AND id NOT IN (SELECT digest FROM keep WHERE kind = 'image')"
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
	rep->bytes += (uint64_t)sqlite3_column_int64(st, 1) + (uint64_t)sqlite3_column_int64(st, 3);
	return 0;
}

static const char gone_all[] = "INSERT INTO gone_blobs SELECT digest FROM blobs"
			       " WHERE digest NOT IN (SELECT digest FROM keep WHERE kind = 'blob');"
			       "INSERT INTO gone_layers SELECT diff_id FROM layers WHERE"
			       " diff_id NOT IN (SELECT digest FROM keep WHERE kind = 'layer');";
static const char gone_doomed[] =
	"INSERT INTO gone_blobs SELECT digest FROM doomed WHERE kind = 'blob'"
	" EXCEPT SELECT digest FROM keep WHERE kind = 'blob';"
	"INSERT INTO gone_layers SELECT digest FROM doomed WHERE kind = 'layer'"
	" EXCEPT SELECT digest FROM keep WHERE kind = 'layer';";
static const char delete_gone[] =
	"DELETE FROM blobs WHERE digest IN gone_blobs;"
	"DELETE FROM layers WHERE diff_id IN gone_layers;"
	"DELETE FROM layer_blobs WHERE digest IN gone_blobs OR diff_id IN gone_layers;";

static int remove_rows(struct store *s, const char *gone, struct store_gc_report *rep,
		       struct error *err)
{
	int r = gc_keep_needed(s, err);
	if (r == 0)
		r = db_exec(s->db, gone, err);
	if (r == 0)
		r = count_rows(s, rep, err);
	if (r == 0)
		r = db_exec(s->db, delete_gone, err);
	return r;
}

/* -- files -- */

/* What has moved away is on its way to be deleted: it adds to away. On a full disk there may be no
 * room for a stage: then others wait until it is deleted. */
static int move_away(struct store *s, const char *path, struct strv *away, struct error *err)
{
	autofree char *name = NULL;
	int r = stage_take(s, path, &name, err);
	if (r == -ERR_NO_SPACE)
		return path_remove_tree(s->dirfd, path, err);
	if (r == 0 && name)
		strv_push(away, name);
	return r;
}

static int move_gone(struct store *s, struct strv *away, struct strv *deleted, struct error *err)
{
	autostmt *blobs = NULL, *layers = NULL;
	int r = db_query(s->db, &blobs, err, "SELECT digest FROM gone_blobs", "");
	while (r >= 0 && (r = db_step(blobs, err)) > 0) {
		autofree char *path = blob_path(db_text(blobs, 0));
		r = move_away(s, path, away, err);
	}
	if (r == 0)
		r = db_query(s->db, &layers, err, "SELECT diff_id FROM gone_layers", "");
	while (r >= 0 && (r = db_step(layers, err)) > 0) {
		autofree char *path = layer_path(db_text(layers, 0));
		r = move_away(s, path, away, err);
		if (r == 0 && deleted)
			strv_push(deleted, db_text(layers, 0));
	}
	return r;
}

/* What can't be deleted now is in the stage, which the next store_open() clears. */
static int delete_away(struct store *s, const struct strv *away, struct error *err)
{
	int r = 0;
	strv_foreach (name, away)
		r = MIN(r, path_remove_tree(s->dirfd, name, r ? NULL : err));
	return r;
}

/* Files that no row knows: left by a kill, or by a power cut. name is "HEX". */
static bool is_known(struct store *s, const char *sql, const char *prefix, const char *name)
{
	int64_t one;
	autofree char *digest = xprintf("%s%s", prefix, name);
	return db_query_i64(s->db, &one, NULL, sql, "s", digest) != 0;
}

/* NULL for what is to be counted only. */
static void sweep_folder(struct store *s, const char *folder, const char *sql,
			 const char *const *prefixes, struct strv *away,
			 struct store_gc_report *rep)
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
		autofree char *path = xprintf("%s/%s", folder, e->d_name);
		if (known || fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		rep->partials++;
		rep->bytes += S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
		if (away)
			move_away(s, path, away, NULL);
	}
	closedir(d);
}

static void sweep_unknown(struct store *s, struct strv *away, struct store_gc_report *rep)
{
	static const char blob_row[] = "SELECT 1 FROM blobs WHERE digest = ?";
	static const char layer_row[] = "SELECT 1 FROM layers WHERE diff_id = ?";
	static const char *const sha256[] = { "sha256:", NULL },
				 *const sha512[] = { "sha512:", NULL },
				 *const any[] = { "sha256:", "sha512:", NULL };
	sweep_folder(s, STORE_BLOBS "/sha256", blob_row, sha256, away, rep);
	sweep_folder(s, STORE_BLOBS "/sha512", blob_row, sha512, away, rep);
	sweep_folder(s, STORE_LAYERS, layer_row, any, away, rep);
	ingest_sweep(s, away != NULL, rep);
}

/* -- the whole -- */

/* Rows gone must stay gone before their files go: a power cut must not bring them back. */
static int with_full_sync(struct store *s, bool on, struct error *err)
{
	return db_exec(s->db, on ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
		       err);
}

int gc_begin(struct store *s, struct error *err)
{
	int r = gc_mark_begin(s, err);
	if (r == 0)
		r = with_full_sync(s, true, err);
	if (r == 0)
		r = db_begin(s->db, err);
	return r < 0 ? r : gc_keep_pinned(s, err);
}

int gc_remove_doomed(struct store *s, struct error *err)
{
	struct store_gc_report rep = { 0 };
	return remove_rows(s, gone_doomed, &rep, err);
}

static int finish(struct store *s, int r, struct strv *away, struct strv *ret_deleted,
		  struct error *err)
{
	r = db_end(s->db, r, err);
	if (r >= 0)
		r = move_gone(s, away, ret_deleted, err);
	with_full_sync(s, false, NULL);
	store_release(s);
	int d = delete_away(s, away, r < 0 ? NULL : err);
	return r < 0 ? r : d;
}

int gc_finish(struct store *s, int r, struct strv *ret_deleted, struct error *err)
{
	autostrv away = { 0 };
	return finish(s, r, &away, ret_deleted, err);
}

static void give_up(struct store *s)
{
	db_exec(s->db, "ROLLBACK", NULL);
	with_full_sync(s, false, NULL);
	store_release(s);
}

static int collect(struct store *s, bool all, struct store_gc_report *rep, struct error *err)
{
	int r = drop_caches(s, all, rep, err);
	if (r == 0)
		r = drop_images(s, all, rep, err);
	return r < 0 ? r : remove_rows(s, gone_all, rep, err);
}

int store_gc(struct store *s, bool dry_run, bool all, struct store_gc_report *ret,
	     struct error *err)
{
	struct store_gc_report rep = { 0 };
	autostrv away = { 0 };
	pins_drop(s);
	int r = store_hold_alone(s, err);
	if (r < 0)
		return r;
	r = gc_begin(s, err);
	if (r == 0) {
		sweep_unknown(s, dry_run ? NULL : &away, &rep);
		r = collect(s, all, &rep, err);
	}
	if (r == 0 && !dry_run)
		r = store_write_index(s, err);
	if (dry_run)
		give_up(s);
	else
		r = finish(s, r, &away, NULL, err);
	if (r == 0)
		*ret = rep;
	return r;
}
