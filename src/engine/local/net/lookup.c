/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/state.h"

static int networks(struct net *n, const char *id, struct net_reservation *v, struct error *err)
{
	autostmt *st = NULL;
	int r;

	r = db_query(
		n->db, &st, err,
		"SELECT n.name, l.ipv4, l.ipv6, l.mac, l.aliases,"
		" (SELECT gateway FROM net_subnet WHERE network = n.id ORDER BY position LIMIT 1)"
		" FROM net_lease l JOIN net_network n ON n.id = l.network WHERE l.container = ?"
		" ORDER BY l.position",
		"s", id);
	while (r == 0 && (r = db_step(st, err)) > 0) {
		__auto_type c = vec_add(&v->networks);

		c->network = db_dup(st, 0);
		c->ipv4 = db_dup(st, 1);
		c->ipv6 = db_dup(st, 2);
		c->mac = db_dup(st, 3);
		if (*db_text(st, 4))
			strv_split(&c->aliases, str_of(db_text(st, 4)), ',');
		c->gateway = db_dup(st, 5);
		r = 0;
	}
	return r;
}

static int ports(struct net *n, const char *id, struct net_reservation *v, struct error *err)
{
	autostmt *st = NULL;
	int r;

	r = db_query(n->db, &st, err,
		     "SELECT host_ip, host_port, protocol, port FROM net_port WHERE container = ?"
		     " ORDER BY rowid",
		     "s", id);
	while (r == 0 && (r = db_step(st, err)) > 0) {
		struct port_spec *p = vec_add(&v->ports);

		p->host_ip = db_dup(st, 0);
		p->host_port = (uint16_t)sqlite3_column_int64(st, 1);
		p->protocol = db_dup(st, 2);
		p->port = (uint16_t)sqlite3_column_int64(st, 3);
		r = 0;
	}
	return r;
}

int net_lookup(struct net *n, const char *id, struct net_reservation *ret, struct error *err)
{
	autocall(net_reservation_done) struct net_reservation v = { 0 };
	autostmt *st = NULL;
	int r;

	r = db_query(n->db, &st, err,
		     "SELECT resolv_conf, hosts, hostname FROM net_container WHERE id = ?", "s",
		     id);
	if (r == 0)
		r = db_step(st, err);
	if (r <= 0)
		return r;
	v.resolv_conf = db_dup(st, 0);
	v.hosts = db_dup(st, 1);
	v.hostname = db_dup(st, 2);
	r = networks(n, id, &v, err);
	if (r == 0)
		r = ports(n, id, &v, err);
	if (r < 0)
		return r;
	*ret = v;
	v = (struct net_reservation){ 0 };
	return 1;
}
