/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/plan.h"

#include <arpa/inet.h>

#define LIMIT_NAMES (16 * 1024 * 1024)

/*
 * Who is in internal networks alone must not reach other name servers through ours. Newer versions
 * of aardvark-dns are told by the file's name; 1.4 gets a server that no question can be sent to.
 */
#define INTERNAL_SUFFIX "%int"
#define NO_SERVER	"255.255.255.255"

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

/* "ID IPV4 IPV6 NAMES[ SERVERS]" */
static void names_line(struct buf *b, sqlite3_stmt *st)
{
	const char *id = db_text(st, 0), *aliases = db_text(st, 4), *dns = db_text(st, 5);
	bool internal = !sqlite3_column_int64(st, 6);

	buf_addf(b, "%s %s %s %s,%.12s", id, or_empty(db_text(st, 1)), or_empty(db_text(st, 2)),
		 db_text(st, 3), id);
	if (*aliases)
		buf_addf(b, ",%s", aliases);
	if (internal)
		buf_adds(b, " " NO_SERVER);
	else if (*dns)
		buf_addf(b, " %s", dns);
	buf_addc(b, '\n');
}

/* The text of a network's file, or NULL when nobody is in it; *ret_check (owned) is a name of it
 * that must be answered. */
static int names_text(struct net *db, const struct network_row *net, char **ret_text,
		      char **ret_check, struct error *err)
{
	char check[13] = "", a[IP_TEXT_MAX];
	autostmt *st = NULL;
	autobuf b = { 0 };
	int r;

	buf_init(&b, LIMIT_NAMES);
	for (size_t i = 0; i < net->subnets.n; i++)
		buf_addf(&b, "%s%s", i ? "," : "", ip_text(net->subnets.v[i].gateway, a));
	buf_addc(&b, '\n');
	r = db_query(db->db, &st, err,
		     "SELECT c.id, ipv4, ipv6, c.name, aliases, c.dns,"
		     " EXISTS (SELECT 1 FROM net_lease x WHERE x.container = c.id AND gateway4 + "
		     "gateway6)"
		     " FROM net_lease l JOIN net_container c ON c.id = l.container"
		     " WHERE l.network = ? AND c.pid <> 0 AND c.name <> '' ORDER BY c.id",
		     "s", net->id);
	while (r == 0 && (r = db_step(st, err)) > 0) {
		names_line(&b, st);
		snprintf(check, sizeof(check), "%s", db_text(st, 0));
		r = 0;
	}
	if (r == 0)
		r = buf_check(&b, "names of a network", err);
	if (r < 0)
		return r;
	*ret_text = *check ? buf_steal(&b) : NULL;
	*ret_check = *check ? xstrdup(check) : NULL;
	return 0;
}

static int one(struct plan *p, const struct network_row *net, json_t *files, json_t *check,
	       struct error *err)
{
	autofree char *text = NULL, *name = NULL;
	char file[32], server[IP_TEXT_MAX];
	int r;

	r = names_text(p->net, net, &text, &name, err);
	if (r < 0)
		return r;
	snprintf(file, sizeof(file), "%.12s%s", net->id, net->internal ? INTERNAL_SUFFIX : "");
	json_object_set_new(files, file, text ? json_string(text) : json_null());
	if (text && net->subnets.n)
		json_array_append_new(check, json_pack("{s:s,s:s}", "server",
						       ip_text(net->subnets.v[0].gateway, server),
						       "name", name));
	return 0;
}

int plan_names(struct plan *p, struct error *err)
{
	json_t *files = json_object(), *check = json_array();
	int r = 0;

	json_object_set_new(p->job, "dns", json_pack("{s:o,s:o}", "files", files, "check", check));
	map_foreach (e, &p->touched) {
		autocall(network_row_done) struct network_row n = { 0 };

		if (r < 0 || map_has(&p->dropped, e->key))
			continue;
		r = network_find(p->net, e->key, &n, err);
		if (r > 0)
			r = one(p, &n, files, check, err);
	}
	map_foreach (e, &p->dropped) {
		autofree char *plain = xstrndup(e->key, 12), *internal = NULL;

		internal = xprintf("%s%s", plain, INTERNAL_SUFFIX);
		json_object_set_new(files, plain, json_null());
		json_object_set_new(files, internal, json_null());
	}
	return MIN(r, 0);
}
