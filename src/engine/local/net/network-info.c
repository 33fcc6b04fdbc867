/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/state.h"

static int strings(struct net *n, struct strv *out, const char *sql, const char *value,
		   struct error *err)
{
	autostmt *st = NULL;
	int r;

	r = db_query(n->db, &st, err, sql, "s", value);
	while (r == 0 && (r = db_step(st, err)) > 0) {
		strv_push(out, db_text(st, 0));
		r = 0;
	}
	return r;
}

static int info_labels(const char *text, struct map *labels, struct error *err)
{
	autojson *j = NULL;
	const char *key;
	json_t *value;
	int r;

	r = json_parse(text, strlen(text), "labels", &j, err);
	if (r < 0)
		return r;
	json_object_foreach (j, key, value)
		strmap_set(labels, key, json_string_value(value));
	return 0;
}

static int info_of(struct net *n, sqlite3_stmt *st, struct network_info *i, struct error *err)
{
	int r;

	i->id = db_dup(st, 0);
	i->name = db_dup(st, 1);
	i->driver = xstrdup("bridge");
	i->internal = sqlite3_column_int64(st, 2);
	i->created = sqlite3_column_int64(st, 4);
	r = info_labels(db_text(st, 3), &i->labels, err);
	if (r == 0)
		r = strings(n, &i->subnets,
			    "SELECT subnet FROM net_subnet WHERE network = ? ORDER BY position",
			    i->id, err);
	if (r == 0)
		r = strings(n, &i->gateways,
			    "SELECT gateway FROM net_subnet WHERE network = ? ORDER BY position",
			    i->id, err);
	if (r == 0)
		r = strings(n, &i->containers,
			    "SELECT name FROM net_container JOIN net_lease ON container = id"
			    " WHERE network = ? AND name <> '' ORDER BY name",
			    i->id, err);
	return r;
}

static bool has_labels(const struct network_info *i, const struct strv *labels)
{
	struct str key, value;
	const char *has;

	if (!labels)
		return true;
	strv_foreach (l, labels) {
		bool with = str_cut(str_of(l), '=', &key, &value);
		autofree char *k = str_dup(key);

		if (!map_has(&i->labels, k))
			return false;
		has = strmap_get(&i->labels, k);
		if (with && !str_eq(value, has ? has : ""))
			return false;
	}
	return true;
}

static void info_done(struct network_info *i)
{
	network_vec v = { .v = xmemdup(i, sizeof(*i)), .n = 1, .cap = 1 };

	network_vec_done(&v);
	*i = (struct network_info){ 0 };
}

#define COLUMNS "SELECT id, name, internal, labels, created FROM net_network "

int net_list(struct net *n, const struct strv *labels, network_vec *ret, struct error *err)
{
	autostmt *st = NULL;
	network_vec all = { 0 };
	int r;

	r = db_query(n->db, &st, err, COLUMNS "ORDER BY name", "");
	while (r == 0 && (r = db_step(st, err)) > 0) {
		struct network_info i = { 0 };

		r = info_of(n, st, &i, err);
		if (r == 0 && has_labels(&i, labels))
			*vec_add(&all) = i;
		else
			info_done(&i);
	}
	if (r < 0)
		network_vec_done(&all);
	else
		memcpy(ret, &all, sizeof(all));
	return r;
}

int net_inspect(struct net *n, const char *name, struct network_info *ret, struct error *err)
{
	autocall(network_row_done) struct network_row row = { 0 };
	struct network_info i = { 0 };
	autostmt *st = NULL;
	int r;

	r = network_find(n, name, &row, err);
	if (r <= 0)
		return r;
	r = db_query(n->db, &st, err, COLUMNS "WHERE id = ?", "s", row.id);
	if (r == 0)
		r = db_step(st, err);
	if (r > 0)
		r = info_of(n, st, &i, err);
	if (r < 0) {
		info_done(&i);
		return r;
	}
	*ret = i;
	return 1;
}
