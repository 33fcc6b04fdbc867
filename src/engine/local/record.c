/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/record.h"

#include "engine/fields.h"
#include "engine/local/local.h"

#include <inttypes.h>

#define ID_DIGITS     64
#define ID_PREFIX_MIN 4

static const struct json_field fields[] = {
	JSON_FIELD(struct record, JSON_STR, id, "id", JSON_REQUIRED),
	JSON_FIELD(struct record, JSON_I64, created, "created", 0),
	JSON_SUB(struct record, JSON_STRUCT, spec, "spec", 0, container_spec_fields,
		 struct container_spec),
	JSON_FIELD(struct record, JSON_STRV, argv, "argv", 0),
	JSON_FIELD(struct record, JSON_STRV, env, "env", 0),
	JSON_FIELD(struct record, JSON_STRV, diff_ids, "diff_ids", 0),
	JSON_FIELD(struct record, JSON_STRV, anonymous, "anonymous", 0),
	{ 0 },
};

void record_done(struct record *r)
{
	json_free_fields(fields, r);
}

void record_vec_done(record_vec *v)
{
	vec_foreach (r, v)
		record_done(r);
	vec_done(v);
}

int record_tables(sqlite3 *db, struct error *err)
{
	static const char *const steps[] = {
		"CREATE TABLE containers (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
		" project TEXT NOT NULL, created INTEGER NOT NULL, record TEXT NOT NULL) STRICT;"
		"CREATE INDEX containers_project ON containers (project);"
		"CREATE TABLE volumes (name TEXT PRIMARY KEY, created INTEGER NOT NULL,"
		" spec TEXT NOT NULL) STRICT;"
		"CREATE TABLE container_volumes (container TEXT NOT NULL"
		" REFERENCES containers (id) ON DELETE CASCADE, volume TEXT NOT NULL"
		" REFERENCES volumes (name), PRIMARY KEY (container, volume)) STRICT;"
		"CREATE INDEX container_volumes_volume ON container_volumes (volume);",
	};

	return db_migrate(db, "containers", steps, ARRAY_SIZE(steps), err);
}

static int taken(sqlite3 *db, const char *name, int r, struct error *err)
{
	if (r < 0 && sqlite3_errcode(db) == SQLITE_CONSTRAINT)
		return error_set(err, ERR_EXISTS, "a container named %s is there already", name);
	return r;
}

static int insert_volumes(sqlite3 *db, const struct record *rec, struct error *err)
{
	vec_foreach (m, &rec->spec.mounts) {
		int r;

		if (m->type != MOUNT_VOLUME)
			continue;
		r = db_run(db, err, "INSERT OR IGNORE INTO container_volumes VALUES (?, ?)", "ss",
			   rec->id, m->source);
		if (r < 0)
			return r;
	}
	return 0;
}

int record_insert(sqlite3 *db, const struct record *rec, struct error *err)
{
	autojson *j = json_encode(fields, rec);
	autofree char *text = json_text(j);
	const char *project = strmap_get(&rec->spec.labels, LABEL_PROJECT);
	int r;

	if (!text)
		return error_set(err, ERR_INVALID, "container %s: a value is not UTF-8",
				 rec->spec.name);
	r = db_run(db, err, "INSERT INTO containers VALUES (?, ?, ?, ?, ?)", "sssis", rec->id,
		   rec->spec.name, project ? project : "", rec->created, text);
	if (r < 0)
		return taken(db, rec->spec.name, r, err);
	return insert_volumes(db, rec, err);
}

int record_rename(sqlite3 *db, const char *id, const char *name, struct error *err)
{
	int r = db_run(db, err,
		       "UPDATE containers SET name = ?2,"
		       " record = json_set(record, '$.spec.name', ?2) WHERE id = ?1",
		       "ss", id, name);

	return taken(db, name, r, err);
}

int record_delete(sqlite3 *db, const char *id, struct error *err)
{
	return db_run(db, err, "DELETE FROM containers WHERE id = ?", "s", id);
}

static int read_row(sqlite3_stmt *st, struct record *ret, struct error *err)
{
	const char *text = (const char *)sqlite3_column_text(st, 0);
	autojson *j = NULL;
	int r;

	r = json_parse(text, (size_t)sqlite3_column_bytes(st, 0), "container's record", &j, err);
	return r < 0 ? r : json_decode(j, fields, ret, err);
}

static int find_by(sqlite3 *db, const char *sql, const char *arg, struct record *ret,
		   struct error *err)
{
	autostmt *st = NULL;
	int r = db_query(db, &st, err, sql, "s", arg);

	if (r == 0)
		r = db_step(st, err);
	if (r <= 0)
		return r;
	r = read_row(st, ret, err);
	return r < 0 ? r : 1;
}

static bool is_hex(const char *s)
{
	return strspn(s, "0123456789abcdef") == strlen(s);
}

static int find_by_prefix(sqlite3 *db, const char *prefix, struct record *ret, struct error *err)
{
	autofree char *end = xprintf("%sg", prefix);
	autostmt *st = NULL;
	struct record rec = { 0 };
	int r = db_query(db, &st, err,
			 "SELECT record FROM containers WHERE id >= ? AND id < ? LIMIT 2", "ss",
			 prefix, end);

	if (r == 0)
		r = db_step(st, err);
	if (r <= 0)
		return r;
	r = read_row(st, &rec, err);
	if (r < 0)
		return r;
	r = db_step(st, err);
	if (r != 0) {
		record_done(&rec);
		return r < 0 ? r
			     : error_set(err, ERR_INVALID, "more than one container is %s...",
					 prefix);
	}
	*ret = rec;
	return 1;
}

int record_find(sqlite3 *db, const char *name, struct record *ret, struct error *err)
{
	int r;

	if (strlen(name) == ID_DIGITS && is_hex(name)) {
		r = find_by(db, "SELECT record FROM containers WHERE id = ?", name, ret, err);
		if (r)
			return r;
	}
	r = find_by(db, "SELECT record FROM containers WHERE name = ?", name, ret, err);
	if (r || strlen(name) < ID_PREFIX_MIN || !is_hex(name))
		return r;
	return find_by_prefix(db, name, ret, err);
}

int record_get(sqlite3 *db, const char *name, struct record *ret, struct error *err)
{
	int r = record_find(db, name, ret, err);

	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "no such container: %s", name);
	return r < 0 ? r : 0;
}

bool labels_match(const struct map *labels, const struct strv *want)
{
	if (!want)
		return true;
	strv_foreach (w, want) {
		struct str key, value;
		bool exact = str_cut(str_of(w), '=', &key, &value);
		autofree char *name = str_dup(key);

		if (!map_has(labels, name))
			return false;
		if (exact && !streq0(strmap_get(labels, name), value.p))
			return false;
	}
	return true;
}

static const char *project_of(const struct strv *labels)
{
	const char *v = NULL;

	if (labels)
		strv_foreach (l, labels)
			v = v ? v : skip_prefix(l, LABEL_PROJECT "=");
	return v;
}

int record_list(sqlite3 *db, const struct strv *labels, record_vec *ret, struct error *err)
{
	const char *project = project_of(labels);
	autostmt *st = NULL;
	record_vec v = { 0 };
	int r = db_query(db, &st, err,
			 "SELECT record FROM containers WHERE project = ?1 OR ?1 IS NULL"
			 " ORDER BY created, id",
			 "s", project);

	if (r < 0)
		return r;
	while ((r = db_step(st, err)) > 0) {
		struct record rec = { 0 };

		r = read_row(st, &rec, err);
		if (r < 0)
			break;
		if (labels_match(&rec.spec.labels, labels))
			*vec_add(&v) = rec;
		else
			record_done(&rec);
	}
	if (r < 0) {
		record_vec_done(&v);
		return r;
	}
	*ret = v;
	return 0;
}
