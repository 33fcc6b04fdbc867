/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container is, in the store's database: its spec, merged with its image when it was made,
 * so that a start needs neither the image's config nor the compose file. What it does is in
 * status.h.
 */
#ifndef LOCAL_RECORD_H
#define LOCAL_RECORD_H

#include "engine/engine.h"
#include "registry/db.h"

struct record {
	char *id;
	int64_t created;
	struct container_spec spec; /* mounts: volumes are named, those of the image and of
				       volumes_from are there; files: source is set, no content;
				       image's healthcheck, stop signal, user, ... filled in */
	struct strv argv,
		env; /* as run; env without what the start adds (PATH, HOSTNAME, HOME, TERM) */
	struct strv diff_ids;  /* the bottom first */
	struct strv anonymous; /* volumes that were made for it alone */
};
typedef VEC(struct record) record_vec;
void record_done(struct record *r);
void record_vec_done(record_vec *v);
#define autorecord __attribute__((cleanup(record_done))) struct record

int record_tables(sqlite3 *db, struct error *err);
/* -ERR_EXISTS when the name is taken. */
int record_insert(sqlite3 *db, const struct record *r, struct error *err);
int record_rename(sqlite3 *db, const char *id, const char *name,
		  struct error *err); /* -ERR_EXISTS */
int record_delete(sqlite3 *db, const char *id, struct error *err);
/* By id, name, or the first digits of an id (at least 4, of one only). 1 found, 0 not. */
int record_find(sqlite3 *db, const char *name, struct record *ret, struct error *err);
/* -ERR_NOT_FOUND "no such container: NAME" instead of 0. */
int record_get(sqlite3 *db, const char *name, struct record *ret, struct error *err);
/* All with these labels (KEY or KEY=VALUE; NULL: all), the oldest first. */
int record_list(sqlite3 *db, const struct strv *labels, record_vec *ret, struct error *err);
bool labels_match(const struct map *labels, const struct strv *want);

#endif
