/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is needed: what an image is made of (its config, layers, their blobs, its manifest and what
 * that names), what other users of the database named as roots, and what living processes pinned.
 */
#include "registry/store-private.h"

#define LIMIT_DEPTH 4 /* of indexes in indexes */

/* keep: needed by what stays; doomed: what may go (everything, when it is a whole gc); gone: what
 * has lost its row, since files go only when that is certain. */
static const char temp_tables[] =
	"CREATE TEMP TABLE IF NOT EXISTS keep (kind TEXT, digest TEXT, PRIMARY KEY (kind, digest))"
	" WITHOUT ROWID;"
	"CREATE TEMP TABLE IF NOT EXISTS doomed (kind TEXT, digest TEXT, PRIMARY KEY (kind, "
	"digest))"
	" WITHOUT ROWID;"
	"CREATE TEMP TABLE IF NOT EXISTS gone_blobs (digest TEXT PRIMARY KEY) WITHOUT ROWID;"
	"CREATE TEMP TABLE IF NOT EXISTS gone_layers (diff_id TEXT PRIMARY KEY) WITHOUT ROWID;"
	"DELETE FROM keep; DELETE FROM doomed; DELETE FROM gone_blobs; DELETE FROM gone_layers";

int gc_mark_begin(struct store *s, struct error *err)
{
	return db_exec(s->db, temp_tables, err);
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

int gc_doom(struct store *s, const char *id, struct error *err)
{
	int r = mark_image(s, "doomed", id, err);
	return r < 0 ? r : mark_layer_blobs(s, "doomed", err);
}

static int keep_pin(struct store *s, const char *kind, const char *digest, struct error *err)
{
	return MIN(mark(s, "keep", kind, digest, err), 0);
}

int gc_keep_pinned(struct store *s, struct error *err)
{
	return pins_each(s, keep_pin, err);
}

int gc_keep_needed(struct store *s, struct error *err)
{
	int r = mark_images(s, "keep", err);
	if (r >= 0)
		r = mark_roots(s, err);
	if (r >= 0)
		r = mark_layer_blobs(s, "keep", err);
	return MIN(r, 0);
}
