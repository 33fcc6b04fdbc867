/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/state.h"

#include "util/hash.h"
#include "util/time.h"

#include <arpa/inet.h>
#include <net/if.h>

void network_row_done(struct network_row *n)
{
	free(n->id);
	free(n->name);
	free(n->bridge);
	free(n->iface);
	free(n->host_ip);
	vec_foreach (s, &n->subnets)
		free(s->reserved);
	vec_done(&n->subnets);
	*n = (struct network_row){ 0 };
}

bool network_is_up(const struct network_row *n)
{
	return if_nametoindex(n->bridge) != 0;
}

const struct subnet_row *network_subnet(const struct network_row *n, int family)
{
	vec_foreach (s, &n->subnets)
		if (s->net.first.family == family)
			return s;
	return NULL;
}

/* ---- a new one ---- */

static int parse_in(const char *what, const char *text, const struct subnet *in, struct ip *ret,
		    struct error *err)
{
	char n[SUBNET_TEXT_MAX];

	if (ip_parse(text, ret) < 0)
		return error_set(err, ERR_INVALID, "%s %s is not an address", what, text);
	if (!subnet_has(in, *ret))
		return error_set(err, ERR_INVALID, "%s %s is not in subnet %s", what, text,
				 subnet_text(in, n));
	return 0;
}

static int pool_range(const char *text, struct subnet_row *s, struct error *err)
{
	struct subnet range;

	s->first = s->net.first;
	s->last = subnet_last(&s->net);
	if (!text)
		return 0;
	if (subnet_parse(text, &range, NULL) < 0)
		return error_set(err, ERR_INVALID, "ip_range %s is not of the form 172.28.5.0/24",
				 text);
	if (!subnet_has(&s->net, range.first) || !subnet_has(&s->net, subnet_last(&range)))
		return error_set(err, ERR_INVALID, "ip_range %s is not in the subnet", text);
	s->first = range.first;
	s->last = subnet_last(&range);
	return 0;
}

static int pool_reserved(const struct map *aux, struct subnet_row *s, struct error *err)
{
	autostrv list = { 0 };
	struct ip a;
	int r = 0;

	map_foreach (e, aux) {
		if (r == 0)
			r = parse_in("aux address", e->value, &s->net, &a, err);
		if (r == 0)
			strv_push(&list, e->value);
	}
	if (r == 0 && list.n)
		s->reserved = strv_join(&list, ",");
	return r;
}

static void default_gateway(struct subnet_row *s)
{
	s->gateway = s->net.first;
	if (ip_bits(s->net.first.family) - s->net.prefix > 1)
		s->gateway.n++;
}

static int pool(struct network_row *n, const struct ipam_pool *p, struct error *err)
{
	struct subnet_row *s = vec_add(&n->subnets);
	int r;

	if (subnet_parse(p->subnet, &s->net, NULL) < 0)
		return error_set(err, ERR_INVALID, "subnet %s is not of the form 172.28.0.0/16",
				 p->subnet);
	if (ip_bits(s->net.first.family) - s->net.prefix < 1)
		return error_set(err, ERR_INVALID, "subnet %s has no room for a container",
				 p->subnet);
	r = pool_range(p->ip_range, s, err);
	if (r == 0)
		r = pool_reserved(&p->aux_addresses, s, err);
	default_gateway(s);
	if (r == 0 && p->gateway)
		r = parse_in("gateway", p->gateway, &s->net, &s->gateway, err);
	return r;
}

static void add_subnet(struct network_row *n, const struct subnet *net)
{
	struct subnet_row *s = vec_add(&n->subnets);

	s->net = *net;
	s->first = net->first;
	s->last = subnet_last(net);
	default_gateway(s);
}

static int choose(struct net *db, struct network_row *n, const struct network_spec *spec,
		  struct error *err)
{
	autovec subnet_vec used = { 0 };
	struct subnet net;
	int r;

	r = host_subnets(db, &used, err);
	if (r == 0 && !spec->no_ipv4 && !network_subnet(n, AF_INET)) {
		r = subnet_choose(&used, &net, err);
		if (r == 0)
			add_subnet(n, &net);
	}
	if (r == 0 && spec->ipv6 && !network_subnet(n, AF_INET6)) {
		r = subnet_choose6(&used, &net, err);
		if (r == 0)
			add_subnet(n, &net);
	}
	return r;
}

/* A subnet that the user named: nobody else's. */
static int check_free(struct net *db, const struct subnet *net, struct error *err)
{
	autostmt *st = NULL;
	char text[SUBNET_TEXT_MAX], user[128];
	struct subnet other;
	int r;

	subnet_text(net, text);
	r = db_query(db->db, &st, err,
		     "SELECT subnet, name FROM net_subnet JOIN net_network ON id = network", "");
	while (r == 0 && (r = db_step(st, err)) > 0) {
		r = 0;
		if (subnet_parse(db_text(st, 0), &other, NULL) == 0 && subnet_overlaps(&other, net))
			return error_set(err, ERR_CONFLICT,
					 "subnet %s overlaps with %s of network %s: choose another",
					 text, db_text(st, 0), db_text(st, 1));
	}
	if (r == 0 && *host_subnet_user(db, net, user))
		return error_set(err, ERR_CONFLICT,
				 "subnet %s is in use on this host by %s: choose another", text,
				 user);
	return r;
}

static int pools(struct net *db, struct network_row *n, const struct network_spec *spec,
		 struct error *err)
{
	int r = 0;

	vec_foreach (p, &spec->pools) {
		if (r == 0 && p->subnet)
			r = pool(n, p, err);
		else if (r == 0 && (p->ip_range || p->gateway || p->aux_addresses.n))
			r = error_set(err, ERR_INVALID,
				      "ip_range, gateway and aux_addresses need a subnet");
	}
	vec_foreach (s, &n->subnets) {
		int family = s->net.first.family;

		if (r == 0 && network_subnet(n, family) != s)
			r = error_set(err, ERR_UNSUPPORTED,
				      "a second %s subnet is not supported by the local engine",
				      family == AF_INET6 ? "IPv6" : "IPv4");
		if (r == 0)
			r = check_free(db, &s->net, err);
	}
	return r < 0 ? r : choose(db, n, spec, err);
}

static int insert_subnets(struct net *db, const struct network_row *n, struct error *err)
{
	char net[SUBNET_TEXT_MAX], gw[IP_TEXT_MAX], first[IP_TEXT_MAX], last[IP_TEXT_MAX];
	int r = 0;

	for (size_t i = 0; i < n->subnets.n && r == 0; i++) {
		const struct subnet_row *s = &n->subnets.v[i];

		r = db_run(db->db, err, "INSERT INTO net_subnet VALUES (?, ?, ?, ?, ?, ?, ?)",
			   "sisssss", n->id, (int64_t)i, subnet_text(&s->net, net),
			   ip_text(s->gateway, gw), ip_text(s->first, first),
			   ip_text(s->last, last), s->reserved);
	}
	return r;
}

static int insert(struct net *db, const struct network_row *n, const struct map *labels,
		  struct error *err)
{
	autojson *l = json_object();
	autofree char *text = NULL;
	int r;

	map_foreach (e, labels)
		json_object_set_new(l, e->key, json_string(e->value ? e->value : ""));
	text = json_text(l);
	r = db_run(db->db, err,
		   "INSERT INTO net_network VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		   "sssssiiiiisi", n->id, n->name, n->bridge, n->iface, n->host_ip, n->mtu,
		   (int64_t)n->internal, (int64_t)n->isolated, (int64_t)n->masquerade,
		   (int64_t)n->implicit, text, time_now());
	return r < 0 ? r : insert_subnets(db, n, err);
}

static int check_names(struct net *db, const struct network_row *n, struct error *err)
{
	int64_t there = 0;
	int r;

	r = db_query_i64(db->db, &there, err, "SELECT 1 FROM net_network WHERE name = ?", "s",
			 n->name);
	if (r > 0)
		return error_set(err, ERR_EXISTS, "network %s exists already", n->name);
	if (r == 0)
		r = db_query_i64(db->db, &there, err, "SELECT 1 FROM net_network WHERE bridge = ?",
				 "s", n->bridge);
	if (r > 0 || (r == 0 && network_is_up(n)))
		return error_set(err, ERR_CONFLICT, "network %s: an interface %s exists already",
				 n->name, n->bridge);
	return r;
}

/* In a transaction of the caller's. */
int network_insert(struct net *db, const struct network_spec *spec, bool implicit,
		   struct error *err)
{
	autocall(network_row_done) struct network_row n = { 0 };
	char id[65];
	int r;

	random_hex(32, id);
	n.id = xstrdup(id);
	n.name = xstrdup(spec->name);
	n.implicit = implicit;
	r = network_options(spec, &n, err);
	if (r < 0)
		return r;
	if (!n.bridge)
		n.bridge = xprintf("br-%.12s", id);
	r = check_names(db, &n, err);
	if (r < 0)
		return r;
	r = pools(db, &n, spec, err);
	if (r < 0)
		return error_wrap(err, "network %s", spec->name);
	return insert(db, &n, &spec->labels, err);
}

struct task *net_create(struct net *n, const struct network_spec *spec)
{
	struct error err = ERROR_INIT;
	int r;

	r = db_begin(n->db, &err);
	if (r == 0)
		r = db_end(n->db, network_insert(n, spec, false, &err), &err);
	return task_resolved(n->loop, r, &err);
}

/* ---- those that are there ---- */

static void row_of(sqlite3_stmt *st, struct network_row *n)
{
	n->id = db_dup(st, 0);
	n->name = db_dup(st, 1);
	n->bridge = db_dup(st, 2);
	n->iface = db_dup(st, 3);
	n->host_ip = db_dup(st, 4);
	n->mtu = sqlite3_column_int64(st, 5);
	n->internal = sqlite3_column_int64(st, 6);
	n->isolated = sqlite3_column_int64(st, 7);
	n->masquerade = sqlite3_column_int64(st, 8);
	n->implicit = sqlite3_column_int64(st, 9);
}

static int subnets_of(struct net *db, struct network_row *n, struct error *err)
{
	autostmt *st = NULL;
	int r;

	r = db_query(db->db, &st, err,
		     "SELECT subnet, gateway, first, last, reserved FROM net_subnet"
		     " WHERE network = ? ORDER BY position",
		     "s", n->id);
	while (r == 0 && (r = db_step(st, err)) > 0) {
		struct subnet_row *s = vec_add(&n->subnets);

		r = subnet_parse(db_text(st, 0), &s->net, NULL);
		if (r == 0)
			r = ip_parse(db_text(st, 1), &s->gateway);
		if (r == 0)
			r = ip_parse(db_text(st, 2), &s->first);
		if (r == 0)
			r = ip_parse(db_text(st, 3), &s->last);
		if (r < 0)
			return error_set(err, ERR_CORRUPT, "state database: subnets of network %s",
					 n->name);
		s->reserved = db_dup(st, 4);
	}
	return r;
}

int network_find(struct net *db, const char *name, struct network_row *ret, struct error *err)
{
	autostmt *st = NULL;
	size_t n = strlen(name);
	bool id = n >= 4 && n <= 64 && strspn(name, "0123456789abcdef") == n;
	int r;

	r = db_query(db->db, &st, err,
		     "SELECT id, name, bridge, iface, host_ip, mtu, internal, isolated, masquerade,"
		     " implicit FROM net_network WHERE name = ?1 OR (?2 AND substr(id, 1, ?3) = ?1)"
		     " ORDER BY name = ?1 DESC LIMIT 1",
		     "sii", name, (int64_t)id, (int64_t)n);
	if (r == 0)
		r = db_step(st, err);
	if (r <= 0)
		return r;
	row_of(st, ret);
	r = subnets_of(db, ret, err);
	if (r < 0) {
		network_row_done(ret);
		return r;
	}
	return 1;
}
