/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache.h"

#include "registry/db.h"
#include "util/time.h"

#include <stdio.h>

/* Part of every key: a new version of how steps are made takes nothing from an old one. */
#define CACHE_VERSION "6"
#define DAY	      (24 * 3600 * NSEC_PER_SEC)

int cache_open(struct store *s, struct error *err)
{
	int64_t one;
	int r = db_query_i64(store_db(s), &one, err,
			     "SELECT 1 FROM gc_caches WHERE source = 'build_cache'", "");

	if (r)
		return MIN(r, 0);
	r = db_exec(store_db(s),
		    "CREATE TABLE IF NOT EXISTS build_cache ("
		    " key TEXT PRIMARY KEY, diff_id TEXT, alias TEXT, created INTEGER NOT NULL,"
		    " used INTEGER NOT NULL) STRICT, WITHOUT ROWID",
		    err);
	if (!r)
		r = store_gc_root(s, GC_ROOT_LAYER, "build_cache", "diff_id", err);
	return r < 0 ? r : store_gc_cache(s, "build_cache", "used", err);
}

static bool take(char to[DIGEST_MAX], const char *digest)
{
	to[0] = 0;
	if (!digest)
		return true;
	if (!digest_valid(digest))
		return false;
	snprintf(to, DIGEST_MAX, "%s", digest);
	return true;
}

/* gc goes by it: to the day is enough, and a build that finds everything writes nothing. */
static int touch(struct store *s, const char *key, int64_t used, struct error *err)
{
	int64_t now = time_now();

	if (now - used < DAY)
		return 0;
	return db_run(store_db(s), err, "UPDATE build_cache SET used = ? WHERE key = ?", "is", now,
		      key);
}

int cache_get(struct store *s, const char *key, struct cache_entry *ret, struct error *err)
{
	autostmt *st = NULL;
	struct cache_entry e;
	int r = db_query(store_db(s), &st, err,
			 "SELECT diff_id, alias, created, used FROM build_cache WHERE key = ?", "s",
			 key);

	if (!r)
		r = db_step(st, err);
	if (r <= 0)
		return r;
	if (!take(e.diff_id, db_text(st, 0)) || !take(e.alias, db_text(st, 1)))
		return 0;
	e.created = sqlite3_column_int64(st, 2);
	if (e.diff_id[0] && !store_layer_has(s, e.diff_id))
		return 0;
	r = touch(s, key, sqlite3_column_int64(st, 3), err);
	if (r < 0)
		return r;
	*ret = e;
	return 1;
}

int cache_put(struct store *s, const char *key, const struct cache_entry *e, struct error *err)
{
	return db_run(
		store_db(s), err,
		"INSERT INTO build_cache (key, diff_id, alias, created, used)"
		" VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET diff_id = "
		"excluded.diff_id, alias = excluded.alias, created = excluded.created, used = "
		"excluded.used",
		"sssii", key, e->diff_id[0] ? e->diff_id : NULL, e->alias[0] ? e->alias : NULL,
		e->created, time_now());
}

void key_begin(struct cache_key *k, const char *kind)
{
	k->h = hash_new(HASH_SHA256);
	key_text(k, CACHE_VERSION);
	key_text(k, kind);
}

void key_text(struct cache_key *k, const char *s)
{
	uint64_t n = s ? strlen(s) : UINT64_MAX;

	hash_update(k->h, &n, sizeof(n));
	if (s)
		hash_update(k->h, s, (size_t)n);
}

void key_number(struct cache_key *k, int64_t n)
{
	hash_update(k->h, &n, sizeof(n));
}

void key_list(struct cache_key *k, const struct strv *l)
{
	key_number(k, (int64_t)l->n);
	strv_foreach (s, l)
		key_text(k, s);
}

void key_end(struct cache_key *k, char ret[DIGEST_MAX])
{
	hash_final(k->h, ret);
	k->h = hash_free(k->h);
}
