/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which repository of which registry has which blob: learnt at each pull and push, so that a push
 * asks for a mount instead of sending what the registry has. Only ever a hint: nothing fails when
 * it can't be read or written.
 */
#include "registry/blob.h"

#define KEEP_ROWS "20000"

static bool too_many(struct store *s)
{
	sqlite3_stmt *st = NULL;
	bool many = sqlite3_prepare_v2(store_db(s),
				       "SELECT count(*) > 2 * " KEEP_ROWS " FROM registry_sources",
				       -1, &st, NULL) == SQLITE_OK &&
		    sqlite3_step(st) == SQLITE_ROW && sqlite3_column_int(st, 0);

	sqlite3_finalize(st);
	return many;
}

int sources_open(struct store *s, struct error *err)
{
	static const char create[] = "CREATE TABLE IF NOT EXISTS registry_sources("
				     "host TEXT NOT NULL, digest TEXT NOT NULL, path TEXT NOT "
				     "NULL, seen INTEGER NOT NULL, "
				     "PRIMARY KEY(host, digest, path)) STRICT, WITHOUT ROWID";
	static const char prune[] =
		"DELETE FROM registry_sources WHERE seen < "
		"(SELECT seen FROM registry_sources ORDER BY seen DESC LIMIT 1 OFFSET " KEEP_ROWS
		")";

	if (sqlite3_exec(store_db(s), create, NULL, NULL, NULL) != SQLITE_OK)
		return error_set(err, ERR_SYS, "state database: %s", sqlite3_errmsg(store_db(s)));
	if (too_many(s))
		(void)sqlite3_exec(store_db(s), prune, NULL, NULL, NULL);
	return 0;
}

static sqlite3_stmt *prepare(struct store *s, const char *sql, const char *host, const char *digest,
			     const char *path)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(store_db(s), sql, -1, &st, NULL) != SQLITE_OK)
		return NULL;
	sqlite3_bind_text(st, 1, host, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, digest, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 3, path, -1, SQLITE_STATIC);
	return st;
}

static void once(sqlite3_stmt *st)
{
	if (st)
		(void)sqlite3_step(st);
	sqlite3_finalize(st);
}

void sources_add(struct store *s, const char *host, const char *path, const char *digest)
{
	once(prepare(s,
		     "INSERT INTO registry_sources VALUES(?1, ?2, ?3, strftime('%s', 'now')) "
		     "ON CONFLICT DO UPDATE SET seen = excluded.seen",
		     host, digest, path));
}

void sources_forget(struct store *s, const char *host, const char *path, const char *digest)
{
	once(prepare(s,
		     "DELETE FROM registry_sources WHERE host = ?1 AND digest = ?2 AND path = ?3",
		     host, digest, path));
}

char *sources_find(struct store *s, const char *host, const char *path, const char *digest)
{
	sqlite3_stmt *st = prepare(
		s,
		"SELECT path FROM registry_sources WHERE host = ?1 AND digest = ?2 "
		"AND path <> ?3 ORDER BY seen DESC LIMIT 1",
		host, digest, path);
	char *found = NULL;

	if (st && sqlite3_step(st) == SQLITE_ROW)
		found = xstrdup((const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	return found;
}
