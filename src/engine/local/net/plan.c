/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/plan.h"

#include <arpa/inet.h>

/* ---- pieces of the job ---- */

static void push(struct plan *p, const char *list, json_t *o)
{
	json_t *l = json_object_get(p->job, list);

	if (!l) {
		l = json_array();
		json_object_set_new(p->job, list, l);
	}
	json_array_append_new(l, o);
}

static void set_text(json_t *o, const char *key, const char *value)
{
	if (value && *value)
		json_object_set_new(o, key, json_string(value));
}

static void set_flag(json_t *o, const char *key, bool on)
{
	if (on)
		json_object_set_new(o, key, json_true());
}

static int64_t mtu_of(const struct network_row *n)
{
	return n->mtu ? n->mtu : host_mtu();
}

static json_t *network_json(const struct network_row *n)
{
	json_t *o = json_object(), *addresses = json_array();
	char a[IP_TEXT_MAX], mac[MAC_TEXT_MAX];

	vec_foreach (s, &n->subnets) {
		json_array_append_new(addresses,
				      json_sprintf("%s/%u", ip_text(s->gateway, a), s->net.prefix));
		if (!json_object_get(o, "mac"))
			set_text(o, "mac", mac_of_ip(s->gateway, mac));
	}
	set_text(o, "bridge", n->bridge);
	json_object_set_new(o, "mtu", json_integer(mtu_of(n)));
	json_object_set_new(o, "addresses", addresses);
	set_flag(o, "internal", n->internal);
	set_flag(o, "outside", !n->internal);
	set_flag(o, "isolated", n->isolated);
	set_flag(o, "masquerade", n->masquerade);
	set_flag(o, "ipv6", network_subnet(n, AF_INET6) != NULL);
	return o;
}

static json_t *port_json(const char *protocol, const char *host, int64_t host_port,
			 const char *address, int64_t port)
{
	json_t *o = json_pack("{s:s,s:I,s:s,s:I}", "protocol", protocol, "host_port",
			      (json_int_t)host_port, "address", address, "port", (json_int_t)port);

	set_text(o, "host", host);
	return o;
}

/* A name server that could not have port 53 for itself is led to by the firewall. */
static void name_server_ports(struct plan *p, const char *list, const struct network_row *n)
{
	char a[IP_TEXT_MAX];

	if (p->dns_port == 53)
		return;
	vec_foreach (s, &n->subnets) {
		ip_text(s->gateway, a);
		push(p, list, port_json("udp", a, 53, a, p->dns_port));
		push(p, list, port_json("tcp", a, 53, a, p->dns_port));
	}
}

static void plan_network(struct plan *p, const struct network_row *n)
{
	if (map_has(&p->networks, n->id))
		return;
	map_set(&p->networks, n->id, NULL);
	push(p, "networks", network_json(n));
	name_server_ports(p, "ports", n);
	p->any = true;
}

void plan_drop_network(struct plan *p, const struct network_row *n)
{
	map_set(&p->dropped, n->id, NULL);
	if (!network_is_up(n))
		return;
	push(p, "drop_networks", network_json(n));
	name_server_ports(p, "drop_ports", n);
	p->any = true;
}

static void plan_touch(struct plan *p, const char *network)
{
	map_set(&p->touched, network, NULL);
}

/* ---- containers ---- */

/* One row of net_port: a rule for each family that it is published on, none for loopback
 * (compose-port serves there). */
static void port_row(struct plan *p, const char *list, sqlite3_stmt *st)
{
	const char *host = db_text(st, 0), *protocol = db_text(st, 2);
	int64_t host_port = sqlite3_column_int64(st, 1), port = sqlite3_column_int64(st, 3);
	const char *to[] = { db_text(st, 4), db_text(st, 5) };
	const char *bridges[] = { db_text(st, 6), db_text(st, 7) };
	static const int families[] = { AF_INET, AF_INET6 };
	struct subnet loopback = { { AF_INET, 0x7f000000 }, 8 };
	struct ip at = { 0 };

	if (host && ip_parse(host, &at) < 0)
		return;
	if (subnet_has(&loopback, at) || (at.family == AF_INET6 && at.n == 1))
		return;
	for (int i = 0; i < 2; i++) {
		json_t *o;

		if (!to[i] || (at.family && at.family != families[i]))
			continue;
		o = port_json(protocol, at.n ? host : NULL, host_port, to[i], port);
		set_text(o, "bridge", bridges[i]);
		push(p, list, o);
	}
}

#define BRIDGE_OF(gateway)                                                              \
	"(SELECT bridge FROM net_lease l JOIN net_network n ON n.id = l.network WHERE " \
	"l.container = p.container AND " gateway " LIMIT 1)"
#define PORTS                                                                    \
	"SELECT host_ip, host_port, protocol, port, p.ipv4, p.ipv6, " BRIDGE_OF( \
		"gateway4") ", " BRIDGE_OF("gateway6") " FROM net_port p "

static int plan_ports(struct plan *p, const char *list, const char *container, struct error *err)
{
	autostmt *st = NULL;
	int r;

	r = db_query(p->net->db, &st, err, PORTS "WHERE container = ?", "s", container);
	while (r == 0 && (r = db_step(st, err)) > 0) {
		port_row(p, list, st);
		r = 0;
	}
	return r;
}

static void add_address(json_t *link, const char *ip, const struct subnet_row *s)
{
	if (ip && s)
		json_array_append_new(json_object_get(link, "addresses"),
				      json_sprintf("%s/%u", ip, s->net.prefix));
}

static void add_more(json_t *link, const char *more)
{
	struct str one, rest = str_of(more);

	while (rest.n) {
		str_cut(rest, ',', &one, &rest);
		json_array_append_new(json_object_get(link, "addresses"),
				      json_sprintf("%.*s/%s", (int)one.n, one.p,
						   memchr(one.p, ':', one.n) ? "64" : "16"));
		if (memchr(one.p, ':', one.n))
			set_flag(link, "ipv6", true);
	}
}

/* Columns of LINKS. */
static json_t *link_json(const struct network_row *n, sqlite3_stmt *st)
{
	const struct subnet_row *s4 = network_subnet(n, AF_INET), *s6 = network_subnet(n, AF_INET6);
	const char *ipv4 = db_text(st, 4), *ipv6 = db_text(st, 5);
	json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:I,s:[]}", "bridge", n->bridge, "veth",
			      db_text(st, 1), "name", db_text(st, 2), "mac", db_text(st, 3), "mtu",
			      (json_int_t)mtu_of(n), "addresses");
	char a[IP_TEXT_MAX];

	add_address(o, ipv4, s4);
	add_address(o, ipv6, s6);
	set_flag(o, "ipv6", ipv6 != NULL);
	add_more(o, db_text(st, 6));
	if (sqlite3_column_int64(st, 7) && s4)
		set_text(o, "gateway", ip_text(s4->gateway, a));
	if (sqlite3_column_int64(st, 8) && s6)
		set_text(o, "gateway6", ip_text(s6->gateway, a));
	set_flag(o, "isolated", n->isolated);
	return o;
}

#define LINKS                                                                                   \
	"SELECT network, veth, iface, mac, ipv4, ipv6, more, gateway4, gateway6 FROM net_lease" \
	" WHERE container = ? ORDER BY position"

int plan_plug(struct plan *p, const char *container, pid_t pid, struct error *err)
{
	json_t *links = json_array();
	autostmt *st = NULL;
	int r;

	push(p, "containers",
	     json_pack("{s:s,s:i,s:o}", "id", container, "pid", (int)pid, "links", links));
	p->any = true;
	r = db_query(p->net->db, &st, err, LINKS, "s", container);
	while (r == 0 && (r = db_step(st, err)) > 0) {
		autocall(network_row_done) struct network_row n = { 0 };

		r = MIN(network_find(p->net, db_text(st, 0), &n, err), 0);
		if (r == 0 && n.id) {
			plan_network(p, &n);
			plan_touch(p, n.id);
			json_array_append_new(links, link_json(&n, st));
		}
	}
	return r < 0 ? r : plan_ports(p, "ports", container, err);
}

void plan_hold(struct plan *p, const char *id, pid_t pid, int fd, const struct held_port *h,
	       const char *ipv4, const char *ipv6)
{
	const char *to = h->v6 && ipv6 ? ipv6 : ipv4 ? ipv4 : ipv6;

	if (!to)
		return;
	p->any = true;
	push(p, "hold",
	     json_pack("{s:s,s:i,s:i,s:s,s:s,s:i}", "id", id, "pid", (int)pid, "fd", fd, "protocol",
		       h->protocol, "address", to, "port", (int)h->port));
}

/* ---- one that goes ---- */

int plan_unplug(struct plan *p, const char *container, struct error *err)
{
	autostmt *st = NULL;
	int r;

	r = plan_ports(p, "drop_ports", container, err);
	if (r == 0)
		r = db_query(p->net->db, &st, err, LINKS, "s", container);
	while (r == 0 && (r = db_step(st, err)) > 0) {
		push(p, "drop_links", json_string(db_text(st, 1)));
		plan_touch(p, db_text(st, 0));
		p->any = true;
		r = 0;
	}
	return r < 0 ? r : reserve_release(p->net, container, err);
}

/* ---- a whole job ---- */

static int all_networks(struct plan *p, struct error *err)
{
	autostmt *st = NULL;
	int r;

	r = db_query(p->net->db, &st, err,
		     "SELECT id, EXISTS (SELECT 1 FROM net_lease JOIN net_container c ON c.id = "
		     "container"
		     " WHERE network = n.id AND pid <> 0) FROM net_network n",
		     "");
	while (r == 0 && (r = db_step(st, err)) > 0) {
		autocall(network_row_done) struct network_row n = { 0 };

		r = MIN(network_find(p->net, db_text(st, 0), &n, err), 0);
		if (r < 0 || (!sqlite3_column_int64(st, 1) && !network_is_up(&n)))
			continue;
		plan_network(p, &n);
		plan_touch(p, n.id);
	}
	return r;
}

int plan_all(struct plan *p, struct error *err)
{
	autostmt *st = NULL;
	int r;

	json_object_set_new(p->job, "full", json_true());
	p->any = true;
	r = all_networks(p, err);
	if (r == 0)
		r = db_query(p->net->db, &st, err,
			     PORTS "JOIN net_container c ON c.id = p.container WHERE pid <> 0", "");
	while (r == 0 && (r = db_step(st, err)) > 0) {
		port_row(p, "ports", st);
		r = 0;
	}
	sqlite3_finalize(TAKE_PTR(st));
	if (r == 0)
		r = db_query(p->net->db, &st, err,
			     "SELECT veth FROM net_lease JOIN net_container ON id = container"
			     " WHERE pid <> 0",
			     "");
	while (r == 0 && (r = db_step(st, err)) > 0) {
		push(p, "keep", json_string(db_text(st, 0)));
		r = 0;
	}
	return r;
}
