/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/state.h"

#include "util/hash.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <unistd.h>

/* One attachment on its way to a row. */
struct lease {
	const struct network_attach *attach; /* NULL: the implicit network */
	struct network_row net;
	struct ip ip4, ip6;
	char mac[MAC_TEXT_MAX], veth[IFNAMSIZ], iface[IFNAMSIZ];
	bool gateway4, gateway6;
};

struct reservation {
	struct net *net;
	const struct net_request *req;
	VEC(struct lease) leases; /* in the order of priority */
	VEC(struct port_spec) ports;
	struct held *held;
	char *resolv_conf, *hosts;
};

static void reservation_done(struct reservation *v)
{
	vec_foreach (l, &v->leases)
		network_row_done(&l->net);
	vec_done(&v->leases);
	vec_foreach (p, &v->ports) {
		free(p->host_ip);
		free(p->protocol);
	}
	vec_done(&v->ports);
	held_free(v->held);
	free(v->resolv_conf);
	free(v->hosts);
}

void net_reservation_done(struct net_reservation *r)
{
	vec_foreach (n, &r->networks) {
		free(n->network);
		free(n->ipv4);
		free(n->ipv6);
		free(n->mac);
		free(n->gateway);
		strv_done(&n->aliases);
	}
	vec_done(&r->networks);
	vec_foreach (p, &r->ports) {
		free(p->host_ip);
		free(p->protocol);
	}
	vec_done(&r->ports);
	free(r->resolv_conf);
	free(r->hosts);
	free(r->hostname);
	*r = (struct net_reservation){ 0 };
}

/* ---- which networks ---- */

static int by_priority(const void *a, const void *b)
{
	const struct network_attach *x = *(const struct network_attach *const *)a;
	const struct network_attach *y = *(const struct network_attach *const *)b;

	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	return strcmp(x->network, y->network);
}

static int add_lease(struct reservation *v, const struct network_attach *a, struct error *err)
{
	struct lease *l = vec_add(&v->leases);
	const char *name = a ? a->network : NET_IMPLICIT;
	struct network_spec spec = { .name = (char[]){ NET_IMPLICIT } };
	int r;

	l->attach = a;
	r = network_find(v->net, name, &l->net, err);
	if (r == 0 && streq(name, NET_IMPLICIT)) {
		r = network_insert(v->net, &spec, true, err);
		if (r == 0)
			r = network_find(v->net, name, &l->net, err);
	}
	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "there is no network %s", name);
	if (r > 0 && l->net.implicit)
		v->net->implicit_idle = true;
	return MIN(r, 0);
}

static int add_leases(struct reservation *v, struct error *err)
{
	size_t n = v->req->n_networks;
	autofree const struct network_attach **order = xnewn(const struct network_attach *, n);
	int r = 0;

	for (size_t i = 0; i < n; i++)
		order[i] = &v->req->networks[i];
	if (n)
		qsort(order, n, sizeof(*order), by_priority);
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_lease(v, order[i], err);
	return n ? r : add_lease(v, NULL, err);
}

/* ---- addresses ---- */

static int taken_of(struct net *db, const struct network_row *n, const struct subnet_row *s,
		    ip_vec *out, struct error *err)
{
	struct str one, rest = str_of(s->reserved);
	char text[IP_TEXT_MAX];
	autostmt *st = NULL;
	struct ip a;
	int r;

	*vec_add(out) = s->gateway;
	while (rest.n) {
		str_cut(rest, ',', &one, &rest);
		snprintf(text, sizeof(text), "%.*s", (int)MIN(one.n, sizeof(text) - 1), one.p);
		if (ip_parse(text, &a) == 0)
			*vec_add(out) = a;
	}
	r = db_query(db->db, &st, err,
		     s->net.first.family == AF_INET6
			     ? "SELECT ipv6 FROM net_lease WHERE network = ? AND ipv6 IS NOT NULL"
			     : "SELECT ipv4 FROM net_lease WHERE network = ? AND ipv4 IS NOT NULL",
		     "s", n->id);
	while (r == 0 && (r = db_step(st, err)) > 0) {
		r = 0;
		if (ip_parse(db_text(st, 0), &a) == 0)
			*vec_add(out) = a;
	}
	return r;
}

static int lease_wanted(struct net *db, const struct network_row *n, const struct subnet_row *s,
			const ip_vec *taken, const char *text, struct ip *ret, struct error *err)
{
	char net[SUBNET_TEXT_MAX], same[IP_TEXT_MAX];
	autostmt *st = NULL;
	int r;

	if (ip_parse(text, ret) < 0 || ret->family != s->net.first.family)
		return error_set(err, ERR_INVALID, "network %s: %s is not an address", n->name,
				 text);
	if (!subnet_has(&s->net, *ret))
		return error_set(err, ERR_INVALID, "network %s: address %s is not in its subnet %s",
				 n->name, text, subnet_text(&s->net, net));
	r = db_query(db->db, &st, err,
		     "SELECT name FROM net_lease JOIN net_container ON id = container"
		     " WHERE network = ?1 AND (ipv4 = ?2 OR ipv6 = ?2)",
		     "ss", n->id, ip_text(*ret, same));
	if (r == 0)
		r = db_step(st, err);
	if (r < 0)
		return r;
	if (r > 0)
		return error_set(err, ERR_CONFLICT,
				 "network %s: address %s is taken by container %s", n->name, text,
				 db_text(st, 0));
	vec_foreach (t, taken)
		if (ip_eq(*t, *ret))
			return error_set(
				err, ERR_CONFLICT,
				"network %s: address %s is taken by its gateway or an aux address",
				n->name, text);
	return 0;
}

static int lease_one(struct net *db, const struct network_row *n, int family, const char *wanted,
		     struct ip *ret, struct error *err)
{
	const struct subnet_row *s = network_subnet(n, family);
	char text[SUBNET_TEXT_MAX];
	autovec ip_vec taken = { 0 };
	int r;

	if (!s && wanted)
		return error_set(err, ERR_INVALID, "network %s has no subnet for address %s",
				 n->name, wanted);
	if (!s)
		return 0;
	r = taken_of(db, n, s, &taken, err);
	if (r < 0)
		return r;
	if (wanted)
		return lease_wanted(db, n, s, &taken, wanted, ret, err);
	r = subnet_next(&s->net, s->first, s->last, &taken, ret);
	return r < 0 ? error_set(err, ERR_NO_SPACE, "network %s: all addresses of %s are taken",
				 n->name, subnet_text(&s->net, text))
		     : 0;
}

static int choose_mac(struct reservation *v, struct lease *l, struct error *err)
{
	const char *mac = l->attach ? l->attach->mac : NULL;
	uint8_t b[6];

	if (!mac && l == v->leases.v)
		mac = v->req->mac_address;
	if (!mac) {
		mac_of_ip(l->ip4.family ? l->ip4 : l->ip6, l->mac);
		return 0;
	}
	if (mac_parse(mac, b) < 0 || b[0] & 1)
		return error_set(err, ERR_INVALID, "%s is not a MAC address", mac);
	snprintf(l->mac, sizeof(l->mac), "%s", mac);
	return 0;
}

static int choose_iface(struct lease *l, size_t number, struct error *err)
{
	const char *name = l->attach ? l->attach->interface_name : NULL;

	if (name &&
	    (strlen(name) >= IFNAMSIZ || !*name || strpbrk(name, "/: \t\n") || streq(name, "lo")))
		return error_set(err, ERR_INVALID, "\"%s\" can't name an interface", name);
	if (name)
		snprintf(l->iface, sizeof(l->iface), "%s", name);
	else
		snprintf(l->iface, sizeof(l->iface), "%.10s%zu", l->net.iface, number % 10000);
	return 0;
}

static int check_attach(const struct network_attach *a, struct error *err)
{
	struct ip ip;

	if (!a)
		return 0;
	if (a->driver_opts.n)
		return error_set(
			err, ERR_UNSUPPORTED,
			"driver_opts of a service's network are not supported by the local "
			"engine (%s)",
			a->network);
	strv_foreach (s, &a->aliases)
		if (!*s || strpbrk(s, " ,\t\r\n"))
			return error_set(err, ERR_INVALID,
					 "\"%s\" can't be the alias of a container", s);
	strv_foreach (s, &a->link_local_ips)
		if (ip_parse(s, &ip) < 0)
			return error_set(err, ERR_INVALID, "link_local_ips: %s is not an address",
					 s);
	return 0;
}

static int fill_lease(struct reservation *v, struct lease *l, struct error *err)
{
	const struct network_attach *a = l->attach;
	char hex[13];
	int r;

	r = check_attach(a, err);
	if (r == 0)
		r = lease_one(v->net, &l->net, AF_INET, a ? a->ipv4 : NULL, &l->ip4, err);
	if (r == 0)
		r = lease_one(v->net, &l->net, AF_INET6, a ? a->ipv6 : NULL, &l->ip6, err);
	if (r == 0)
		r = choose_mac(v, l, err);
	if (r == 0)
		r = choose_iface(l, (size_t)(l - v->leases.v), err);
	random_hex(6, hex);
	snprintf(l->veth, sizeof(l->veth), "ve%s", hex);
	return r;
}

/* The highest gw_priority; among equals the first. An internal network leads nowhere. */
static void choose_gateways(struct reservation *v)
{
	struct lease *best4 = NULL, *best6 = NULL;

	vec_foreach (l, &v->leases) {
		int64_t p = l->attach ? l->attach->gw_priority : 0;

		if (l->net.internal)
			continue;
		if (l->ip4.family && (!best4 || p > best4->attach->gw_priority))
			best4 = l;
		if (l->ip6.family && (!best6 || p > best6->attach->gw_priority))
			best6 = l;
	}
	if (best4)
		best4->gateway4 = true;
	if (best6)
		best6->gateway6 = true;
}

/* ---- files ---- */

static bool is_step(const struct net_request *req)
{
	return !*req->name;
}

static int make_hosts(struct reservation *v, struct error *err)
{
	autostrv addresses = { 0 };
	const struct subnet_row *s = NULL;
	char text[IP_TEXT_MAX], gateway[IP_TEXT_MAX];

	vec_foreach (l, &v->leases) {
		if (l->ip4.family)
			strv_push(&addresses, ip_text(l->ip4, text));
		if (l->ip6.family)
			strv_push(&addresses, ip_text(l->ip6, text));
		if (!s)
			s = network_subnet(&l->net, l->ip4.family ? AF_INET : AF_INET6);
	}
	return files_hosts(v->req, (const char *const *)strv_v(&addresses),
			   ip_text(s->gateway, gateway), &v->hosts, err);
}

static int make_files(struct reservation *v, struct error *err)
{
	autovec ip_vec servers = { 0 };
	const struct network_row *n = &v->leases.v[0].net;

	if (is_step(v->req)) {
		v->resolv_conf = files_host_resolv_conf();
		return make_hosts(v, err);
	}
	vec_foreach (s, &n->subnets)
		*vec_add(&servers) = s->gateway;
	v->resolv_conf = files_resolv_conf(v->req, &servers);
	return make_hosts(v, err);
}

/* ---- rows ---- */

static int insert_lease(struct reservation *v, size_t i, struct error *err)
{
	const struct lease *l = &v->leases.v[i];
	char ip4[IP_TEXT_MAX], ip6[IP_TEXT_MAX];
	autofree char *aliases = NULL, *more = NULL;
	static const struct strv none = { 0 };

	aliases = strv_join(l->attach ? &l->attach->aliases : &none, ",");
	more = strv_join(l->attach ? &l->attach->link_local_ips : &none, ",");
	ip_text(l->ip4, ip4);
	ip_text(l->ip6, ip6);
	return db_run(v->net->db, err,
		      "INSERT INTO net_lease VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		      "ssisssssssii", v->req->id, l->net.id, (int64_t)i, l->veth, l->iface, l->mac,
		      *ip4 ? ip4 : NULL, *ip6 ? ip6 : NULL, more, aliases, (int64_t)l->gateway4,
		      (int64_t)l->gateway6);
}

static int insert_ports(struct reservation *v, struct error *err)
{
	char ip4[IP_TEXT_MAX] = "", ip6[IP_TEXT_MAX] = "";
	int r = 0;

	vec_foreach (l, &v->leases) {
		if (l->gateway4)
			ip_text(l->ip4, ip4);
		if (l->gateway6)
			ip_text(l->ip6, ip6);
	}
	vec_foreach (p, &v->ports)
		if (r == 0)
			r = db_run(v->net->db, err,
				   "INSERT INTO net_port VALUES (?, ?, ?, ?, ?, ?, ?)", "ssisiss",
				   v->req->id, p->host_ip, (int64_t)p->host_port, p->protocol,
				   (int64_t)p->port, *ip4 ? ip4 : NULL, *ip6 ? ip6 : NULL);
	return r;
}

static int insert_container(struct reservation *v, struct error *err)
{
	const struct net_request *req = v->req;
	static const struct strv none = { 0 };
	autofree char *dns = strv_join(req->dns ? req->dns : &none, ",");
	autofree char *hostname = req->hostname ? xstrdup(req->hostname) : xstrndup(req->id, 12);
	char owner[PROCESS_TEXT_MAX];

	return db_run(
		v->net->db, err,
		"INSERT INTO net_container (id, name, hostname, owner, dns, resolv_conf, hosts)"
		" VALUES (?, ?, ?, ?, ?, ?, ?)",
		"sssssss", req->id, req->name, hostname, process_text(getpid(), owner), dns,
		v->resolv_conf, v->hosts);
}

static int reserve_rows(struct reservation *v, struct error *err)
{
	int r;

	r = reserve_release(v->net, v->req->id, err);
	if (r == 0)
		r = add_leases(v, err);
	vec_foreach (l, &v->leases)
		if (r == 0)
			r = fill_lease(v, l, err);
	if (r < 0)
		return r;
	choose_gateways(v);
	r = make_files(v, err);
	if (r == 0)
		r = insert_container(v, err);
	for (size_t i = 0; i < v->leases.n && r == 0; i++)
		r = insert_lease(v, i, err);
	return r < 0 ? r : insert_ports(v, err);
}

int reserve_release(struct net *n, const char *id, struct error *err)
{
	return db_run(n->db, err, "DELETE FROM net_container WHERE id = ?", "s", id);
}

/* ---- all of it ---- */

/* The address that its networks publish on, when a port says none. */
static int host_ip_of(struct reservation *v, char **ret, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < v->req->n_networks && r >= 0 && !*ret; i++) {
		autocall(network_row_done) struct network_row n = { 0 };

		r = network_find(v->net, v->req->networks[i].network, &n, err);
		if (r > 0)
			*ret = TAKE_PTR(n.host_ip);
	}
	return MIN(r, 0);
}

static int check_dns(const struct strv *dns, struct error *err)
{
	struct ip a;

	if (!dns)
		return 0;
	strv_foreach (s, dns)
		if (ip_parse(s, &a) < 0)
			return error_set(err, ERR_INVALID, "dns: %s is not an address", s);
	return 0;
}

/* Before the transaction: a port may have to be waited for. */
static int hold_ports(struct reservation *v, struct error *err)
{
	autofree char *host_ip = NULL;
	int r;

	held_free(held_take(v->net, v->req->id));
	for (size_t i = 0; i < v->req->n_ports; i++) {
		struct port_spec *p = vec_add(&v->ports);

		*p = v->req->ports[i];
		p->host_ip = xstrdup0(p->host_ip);
		p->protocol = xstrdup0(p->protocol);
	}
	if (!v->ports.n)
		return 0;
	v->held = xnew(struct held);
	snprintf(v->held->id, sizeof(v->held->id), "%s", v->req->id);
	r = host_ip_of(v, &host_ip, err);
	return r < 0 ? r : ports_hold(v->net, v->held, v->ports.v, v->ports.n, host_ip, err);
}

static void warn_of_internal(struct reservation *v)
{
	vec_foreach (l, &v->leases)
		if (!l->net.internal)
			return;
	if (v->ports.n && v->net->note) {
		autofree char *text = xprintf(
			"container %s: ports are not published, since all its "
			"networks are internal",
			v->req->name);

		v->net->note(v->net->note_userdata, text);
	}
}

int net_reserve(struct net *n, const struct net_request *req, struct net_reservation *ret,
		struct error *err)
{
	autocall(reservation_done) struct reservation v = { .net = n, .req = req };
	int r;

	r = check_dns(req->dns, err);
	if (r == 0)
		r = hold_ports(&v, err);
	if (r == 0)
		r = db_begin(n->db, err);
	if (r == 0)
		r = db_end(n->db, reserve_rows(&v, err), err);
	if (r < 0)
		return *req->name ? error_wrap(err, "container %s", req->name) : r;
	warn_of_internal(&v);
	if (v.held)
		*vec_add(&n->held) = TAKE_PTR(v.held);
	return ret ? MIN(net_lookup(n, req->id, ret, err), 0) : 0;
}
