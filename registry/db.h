/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite in a few words: one call runs a statement with its values bound by a type string ('s' text
 * or NULL, 'i' int64_t). Text that a column gives is borrowed from the statement until its next
 * step.
 */
#ifndef REGISTRY_DB_H
#define REGISTRY_DB_H

#include "util/error.h"

#include <sqlite3.h>

/* WAL, a busy timeout, foreign keys on. Made when it is not there. */
int db_open(const char *path, sqlite3 **ret, struct error *err);
static inline void db_closep(sqlite3 **db)
{
	sqlite3_close_v2(*db);
	*db = NULL;
}

/*
 * Brings the tables of one part of the program ("store", "engine", "cache") from the version that
 * they have to n: runs steps[version..n) in one transaction. A step that was released is never
 * changed: one is added. Costs one look when there is nothing to do.
 */
int db_migrate(sqlite3 *db, const char *part, const char *const *steps, int n, struct error *err);

int db_exec(sqlite3 *db, const char *sql, struct error *err); /* several statements, no values */
int db_run(sqlite3 *db, struct error *err, const char *sql, const char *types, ...);
int db_query(sqlite3 *db, sqlite3_stmt **ret, struct error *err, const char *sql, const char *types,
	     ...);
int db_step(sqlite3_stmt *st, struct error *err); /* 1: a row, 0: no more */
/* The first column of the first row: 1, 0 when there is none. */
int db_query_i64(sqlite3 *db, int64_t *ret, struct error *err, const char *sql, const char *types,
		 ...);
const char *db_text(sqlite3_stmt *st, int column); /* NULL for NULL */
char *db_dup(sqlite3_stmt *st, int column);	   /* owned by the caller */
static inline void stmt_freep(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
	*st = NULL;
}
#define autostmt autocall(stmt_freep) sqlite3_stmt

/* A transaction that writes: waits for others now, not in its middle. */
int db_begin(sqlite3 *db, struct error *err);
/* Commits when r is 0 or more, else rolls back. Returns r, or why the commit failed. */
int db_end(sqlite3 *db, int r, struct error *err);

#endif
