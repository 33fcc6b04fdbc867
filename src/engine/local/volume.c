/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/volume.h"

#include "engine/fields.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/time.h"

#include <fcntl.h>
#include <sys/stat.h>

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

static int check_spec(const struct volume_spec *s, struct error *err)
{
	const char *type = strmap_get(&s->driver_opts, "type");
	const char *o = strmap_get(&s->driver_opts, "o");
	const char *device = strmap_get(&s->driver_opts, "device");

	if (!s->name || !char_is_alnum(s->name[0]) ||
	    strspn(s->name, NAME_CHARS) != strlen(s->name) || strlen(s->name) > 255)
		return error_set(err, ERR_INVALID,
				 "volume name \"%s\": letters, digits, _ . - only, a letter or "
				 "digit first",
				 s->name ? s->name : "");
	if (s->driver && *s->driver && !streq(s->driver, "local"))
		return error_set(err, ERR_UNSUPPORTED,
				 "volume %s: driver \"%s\" is not supported by the local engine",
				 s->name, s->driver);
	map_foreach (e, &s->driver_opts) {
		if (!streq(e->key, "type") && !streq(e->key, "o") && !streq(e->key, "device"))
			return error_set(err, ERR_UNSUPPORTED,
					 "volume %s: driver_opts.%s is not supported by the local "
					 "engine",
					 s->name, e->key);
	}
	if (!s->driver_opts.n)
		return 0;
	if (!device || device[0] != '/' || !o || !(streq(o, "bind") || streq(o, "rbind")) ||
	    (type && *type && !streq(type, "none")))
		return error_set(err, ERR_UNSUPPORTED,
				 "volume %s: of driver_opts the local engine does type none, o "
				 "bind and an absolute device",
				 s->name);
	return 0;
}

static char *data_dir(const struct local *l, const char *name)
{
	return xprintf("%s/volumes/%s/_data", l->state_dir, name);
}

int volume_make(struct local *l, const struct volume_spec *spec, struct error *err)
{
	autojson *j = json_encode(volume_spec_fields, spec);
	autofree char *text = json_text(j), *dir = NULL;
	int r = check_spec(spec, err);

	if (r < 0)
		return r;
	dir = data_dir(l, spec->name);
	r = path_mkdirs(AT_FDCWD, dir, 0755, err);
	if (r < 0)
		return r;
	r = db_run(store_db(l->store), err, "INSERT OR IGNORE INTO volumes VALUES (?, ?, ?)", "sis",
		   spec->name, time_now(), text);
	if (r < 0)
		return r;
	return sqlite3_changes(store_db(l->store)) ? 0 : 1;
}

static int read_spec(sqlite3_stmt *st, int column, struct volume_spec *ret, struct error *err)
{
	const char *text = (const char *)sqlite3_column_text(st, column);
	autojson *j = NULL;
	int r = json_parse(text, (size_t)sqlite3_column_bytes(st, column), "volume's record", &j,
			   err);

	return r < 0 ? r : json_decode(j, volume_spec_fields, ret, err);
}

static char *mountpoint(const struct local *l, const struct volume_spec *s)
{
	const char *device = strmap_get(&s->driver_opts, "device");

	return device ? xstrdup(device) : data_dir(l, s->name);
}

int volume_path(struct local *l, const char *name, char **ret, struct error *err)
{
	struct volume_spec spec = { 0 };
	autostmt *st = NULL;
	int r = db_query(store_db(l->store), &st, err, "SELECT spec FROM volumes WHERE name = ?",
			 "s", name);

	if (r == 0)
		r = db_step(st, err);
	if (r <= 0)
		return r;
	r = read_spec(st, 0, &spec, err);
	if (r < 0)
		return r;
	*ret = mountpoint(l, &spec);
	volume_spec_done(&spec);
	return 1;
}

bool volume_is_anonymous(struct local *l, const char *name)
{
	int64_t is = 0;

	return db_query_i64(store_db(l->store), &is, NULL,
			    "SELECT 1 FROM volumes WHERE name = ? AND json_type(spec, "
			    "'$.labels.\"" LABEL_ANONYMOUS "\"') IS NOT NULL",
			    "s", name) > 0;
}

static int users_of(struct local *l, const char *name, struct strv *ret, struct error *err)
{
	autostmt *st = NULL;
	int r = db_query(store_db(l->store), &st, err,
			 "SELECT c.name FROM containers c JOIN container_volumes v"
			 " ON v.container = c.id WHERE v.volume = ? ORDER BY c.name",
			 "s", name);

	if (r < 0)
		return r;
	while ((r = db_step(st, err)) > 0)
		strv_push(ret, (const char *)sqlite3_column_text(st, 0));
	return r;
}

int volume_delete(struct local *l, const char *name, struct error *err)
{
	autofree char *dir = NULL, *list = NULL;
	autostrv users = { 0 };
	int r = users_of(l, name, &users, err);

	if (r < 0)
		return r;
	list = strv_join(&users, ", ");
	if (users.n)
		return error_set(err, ERR_CONFLICT, "volume %s is in use by %s", name, list);
	r = db_run(store_db(l->store), err, "DELETE FROM volumes WHERE name = ?", "s", name);
	if (r < 0)
		return r;
	if (!sqlite3_changes(store_db(l->store)))
		return error_set(err, ERR_NOT_FOUND, "no such volume: %s", name);
	dir = xprintf("%s/volumes/%s", l->state_dir, name);
	return path_remove_tree(AT_FDCWD, dir, err);
}

struct task *local_volume_create(struct engine *e, const struct volume_spec *spec)
{
	struct error err = ERROR_INIT;
	autoclose int making = -1;
	int r = local_making(local_of(e), &making, &err);

	if (r == 0)
		r = volume_make(local_of(e), spec, &err);
	if (r == 1)
		r = error_set(&err, ERR_EXISTS, "volume %s is there already", spec->name);
	return task_resolved(e->loop, MIN(r, 0), &err);
}

struct task *local_volume_remove(struct engine *e, const char *name)
{
	struct error err = ERROR_INIT;
	int r = volume_delete(local_of(e), name, &err);

	return task_resolved(e->loop, MIN(r, 0), &err);
}

static int list(struct local *l, const struct strv *labels, volume_vec *v, struct error *err)
{
	autostmt *st = NULL;
	int r = db_query(store_db(l->store), &st, err,
			 "SELECT spec, created FROM volumes ORDER BY name", "");

	while (r == 0 && (r = db_step(st, err)) > 0) {
		struct volume_spec spec = { 0 };

		r = read_spec(st, 0, &spec, err);
		if (r == 0 && labels_match(&spec.labels, labels)) {
			struct volume_info *i = vec_add(v);

			i->mountpoint = mountpoint(l, &spec);
			i->name = TAKE_PTR(spec.name);
			i->driver = xstrdup("local");
			i->created = sqlite3_column_int64(st, 1);
			strmap_copy(&i->labels, &spec.labels);
			strmap_copy(&i->options, &spec.driver_opts);
		}
		volume_spec_done(&spec);
	}
	return r;
}

struct task *local_volume_list(struct engine *e, const struct strv *labels, volume_vec *ret)
{
	struct error err = ERROR_INIT;
	volume_vec v = { 0 };

	if (list(local_of(e), labels, &v, &err) < 0) {
		volume_vec_done(&v);
		return task_resolved(e->loop, -(int)err.code, &err);
	}
	*ret = v;
	return task_resolved(e->loop, 0, NULL);
}
