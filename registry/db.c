/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/db.h"

#include <errno.h>
#include <stdarg.h>

#define BUSY_MS	  20000
#define WAL_PAGES "256"

static int db_error(sqlite3 *db, struct error *err)
{
	int code = sqlite3_errcode(db), sys = sqlite3_system_errno(db);
	/* The shared memory of its log has no room either, which is an I/O error with a reason. */
	if ((code & 0xff) == SQLITE_IOERR && (sys == ENOSPC || sys == EDQUOT))
		code = SQLITE_FULL;
	switch (code & 0xff) {
	case SQLITE_FULL:
		return error_set(err, ERR_NO_SPACE, "state database: no space left on the device");
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(err, ERR_TIMEOUT,
				 "state database: another process holds it for too long");
	/* It tries another way before it says so, and the first reason is lost. */
	case SQLITE_IOERR:
		return error_set(err, ERR_SYS,
				 "state database: it can't be read or written: no space left on "
				 "the device, or a disk that fails");
	case SQLITE_CANTOPEN:
		return error_set(err, ERR_SYS,
				 "state database: a file of it can't be opened or made: no space "
				 "left on the device, or no right to write there");
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return error_set(err, ERR_CORRUPT, "state database: %s", sqlite3_errmsg(db));
	default:
		return error_set(err, ERR_SYS, "state database: %s", sqlite3_errmsg(db));
	}
}

int db_exec(sqlite3 *db, const char *sql, struct error *err)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_error(db, err);
}

static int set_up(sqlite3 *db, struct error *err)
{
	int64_t version;
	sqlite3_busy_timeout(db, BUSY_MS);
	/* The last one to close would move the whole log into the database, and wait for the disk.
	 */
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	int r = db_exec(db,
			"PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
			"PRAGMA wal_autocheckpoint = " WAL_PAGES,
			err);
	if (r == 0)
		r = db_query_i64(db, &version, err, "PRAGMA user_version", "");
	/* It stays in the file, so it is said once. */
	if (r >= 0 && version == 0)
		r = db_exec(db, "PRAGMA journal_mode = WAL", err);
	return MIN(r, 0);
}

int db_open(const char *path, sqlite3 **ret, struct error *err)
{
	autocall(db_closep) sqlite3 *db = NULL;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_PRIVATECACHE;
	int r = sqlite3_open_v2(path, &db, flags, NULL);
	if (!db)
		return error_set(err, ERR_SYS, "%s: no memory", path);
	r = r == SQLITE_OK ? set_up(db, err) : db_error(db, err);
	if (r < 0)
		return error_wrap(err, "%s", path);
	*ret = TAKE_PTR(db);
	return 0;
}

static int bind_all(sqlite3_stmt *st, const char *types, va_list ap)
{
	int r = SQLITE_OK;
	for (int i = 1; *types && r == SQLITE_OK; i++, types++) {
		if (*types == 's')
			r = sqlite3_bind_text(st, i, va_arg(ap, const char *), -1,
					      SQLITE_TRANSIENT);
		else
			r = sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
	}
	return r;
}

static int vquery(sqlite3 *db, sqlite3_stmt **ret, struct error *err, const char *sql,
		  const char *types, va_list ap)
{
	autostmt *st = NULL;
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK ||
	    bind_all(st, types, ap) != SQLITE_OK)
		return db_error(db, err);
	*ret = TAKE_PTR(st);
	return 0;
}

int db_query(sqlite3 *db, sqlite3_stmt **ret, struct error *err, const char *sql, const char *types,
	     ...)
{
	va_list ap;
	va_start(ap, types);
	int r = vquery(db, ret, err, sql, types, ap);
	va_end(ap);
	return r;
}

int db_step(sqlite3_stmt *st, struct error *err)
{
	int r = sqlite3_step(st);
	if (r == SQLITE_ROW)
		return 1;
	return r == SQLITE_DONE ? 0 : db_error(sqlite3_db_handle(st), err);
}

int db_run(sqlite3 *db, struct error *err, const char *sql, const char *types, ...)
{
	autostmt *st = NULL;
	va_list ap;
	va_start(ap, types);
	int r = vquery(db, &st, err, sql, types, ap);
	va_end(ap);
	return r < 0 ? r : MIN(db_step(st, err), 0);
}

int db_query_i64(sqlite3 *db, int64_t *ret, struct error *err, const char *sql, const char *types,
		 ...)
{
	autostmt *st = NULL;
	va_list ap;
	va_start(ap, types);
	int r = vquery(db, &st, err, sql, types, ap);
	va_end(ap);
	if (r == 0)
		r = db_step(st, err);
	if (r > 0)
		*ret = sqlite3_column_int64(st, 0);
	return r;
}

const char *db_text(sqlite3_stmt *st, int column)
{
	return (const char *)sqlite3_column_text(st, column);
}

char *db_dup(sqlite3_stmt *st, int column)
{
	return xstrdup0(db_text(st, column));
}

int db_begin(sqlite3 *db, struct error *err)
{
	return db_exec(db, "BEGIN IMMEDIATE", err);
}

int db_end(sqlite3 *db, int r, struct error *err)
{
	if (r >= 0) {
		int c = db_exec(db, "COMMIT", err);
		if (c == 0)
			return r;
		r = c;
	}
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

/* 0 when the part is not there; user_version says whether the table of parts is. */
static int part_version(sqlite3 *db, const char *part, int64_t *ret, struct error *err)
{
	int64_t tables = 0;
	*ret = 0;
	int r = db_query_i64(db, &tables, err, "PRAGMA user_version", "");
	if (r < 0 || tables == 0)
		return MIN(r, 0);
	r = db_query_i64(db, ret, err, "SELECT version FROM parts WHERE part = ?", "s", part);
	return MIN(r, 0);
}

static int migrate(sqlite3 *db, const char *part, const char *const *steps, int n,
		   struct error *err)
{
	int64_t version = 0;
	/* Asked again: another process may have done it in the meantime. */
	int r = part_version(db, part, &version, err);
	if (r == 0)
		r = db_exec(db,
			    "CREATE TABLE IF NOT EXISTS parts (part TEXT PRIMARY KEY,"
			    " version INTEGER NOT NULL) STRICT; PRAGMA user_version = 1",
			    err);
	for (; r == 0 && version < n; version++)
		r = db_exec(db, steps[version], err);
	if (r == 0)
		r = db_run(db, err,
			   "INSERT INTO parts (part, version) VALUES (?1, ?2)"
			   " ON CONFLICT (part) DO UPDATE SET version = ?2",
			   "si", part, (int64_t)n);
	return r;
}

int db_migrate(sqlite3 *db, const char *part, const char *const *steps, int n, struct error *err)
{
	int64_t version = 0;
	int r = part_version(db, part, &version, err);
	if (r < 0 || version == n)
		return r;
	if (version > n)
		return error_set(err, ERR_UNSUPPORTED,
				 "the state was written by a newer compose (%s: format %lld, this "
				 "one knows %d): use that one, or another COMPOSE_STATE_DIR",
				 part, (long long)version, n);
	r = db_begin(db, err);
	return r < 0 ? r : db_end(db, migrate(db, part, steps, n, err), err);
}
