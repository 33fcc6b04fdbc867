/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/state.h"

#include "util/io.h"
#include "util/num.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>

#define LIMIT_PROC (4 * 1024 * 1024)

typedef void (*use_fn)(void *userdata, const char *what, const struct subnet *s);

static uint64_t attribute(const char *name, const char *attr)
{
	autobuf b = { 0 };
	char path[128];
	uint64_t v = 0;

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, attr);
	buf_init(&b, 64);
	if (io_read_file(AT_FDCWD, path, &b, NULL) == 0)
		num_parse_u64(str_trim(buf_str(&b)), UINT32_MAX, &v);
	return v;
}

static bool is_ours(struct net *n, const char *name)
{
	return (attribute(name, "netdev_group") & 0x7fffffff) == n->group;
}

/* ---- addresses ---- */

static struct ip ip_of(const struct sockaddr *sa)
{
	struct ip none = { 0 };

	if (sa && sa->sa_family == AF_INET)
		return ip_from_bytes(AF_INET, &((const struct sockaddr_in *)sa)->sin_addr);
	if (sa && sa->sa_family == AF_INET6)
		return ip_from_bytes(AF_INET6, &((const struct sockaddr_in6 *)sa)->sin6_addr);
	return none;
}

static unsigned prefix_of(struct ip mask)
{
	unsigned n = 0;

	for (unsigned i = ip_bits(mask.family); i-- > 0 && mask.n >> i & 1;)
		n++;
	return n;
}

static void addresses(struct net *n, use_fn fn, void *userdata)
{
	struct ifaddrs *list, *a;

	if (getifaddrs(&list) < 0)
		return;
	for (a = list; a; a = a->ifa_next) {
		struct ip ip = ip_of(a->ifa_addr), mask = ip_of(a->ifa_netmask);
		struct subnet s = { ip, 0 };

		if (!ip.family || mask.family != ip.family || is_ours(n, a->ifa_name))
			continue;
		s.prefix = prefix_of(mask);
		s.first.n &= mask.n;
		fn(userdata, a->ifa_name, &s);
	}
	freeifaddrs(list);
}

/* ---- routes ---- */

/* "eth0 000200C0 00000000 0001 0 0 0 00FFFFFF ...": numbers as they lie in memory. The default
 * route is none to avoid. */
static void route_line(struct net *n, const char *line, use_fn fn, void *userdata)
{
	char name[IFNAMSIZ];
	unsigned dst, mask;
	struct subnet s;

	if (sscanf(line, "%15s %x %*x %*x %*d %*d %*d %x", name, &dst, &mask) != 3 || !mask ||
	    is_ours(n, name))
		return;
	s.first = ip_from_bytes(AF_INET, &dst);
	s.prefix = prefix_of(ip_from_bytes(AF_INET, &mask));
	fn(userdata, name, &s);
}

static void routes(struct net *n, use_fn fn, void *userdata)
{
	autobuf b = { 0 };
	struct str line, rest;
	char text[256];

	buf_init(&b, LIMIT_PROC);
	if (io_read_file(AT_FDCWD, "/proc/net/route", &b, NULL) < 0)
		return;
	rest = buf_str(&b);
	while (rest.n) {
		str_cut(rest, '\n', &line, &rest);
		snprintf(text, sizeof(text), "%.*s", (int)MIN(line.n, 255), line.p);
		route_line(n, text, fn, userdata);
	}
}

/* ---- name servers: not on a link of ours, yet to be reached from in there ---- */

static void name_servers(use_fn fn, void *userdata)
{
	autofree char *conf = files_host_resolv_conf();
	struct str line, rest = str_of(conf);
	char text[IP_TEXT_MAX];
	struct ip a;

	while (rest.n) {
		str_cut(rest, '\n', &line, &rest);
		if (!str_starts(line, "nameserver"))
			continue;
		line = str_trim(str_skip(line, 10));
		snprintf(text, sizeof(text), "%.*s", (int)MIN(line.n, sizeof(text) - 1), line.p);
		if (ip_parse(text, &a) == 0)
			fn(userdata, "a name server", &(struct subnet){ a, ip_bits(a.family) });
	}
}

static void host_uses(struct net *n, use_fn fn, void *userdata)
{
	addresses(n, fn, userdata);
	routes(n, fn, userdata);
	name_servers(fn, userdata);
}

/* ---- questions ---- */

static void collect(void *userdata, const char *what, const struct subnet *s)
{
	subnet_vec *v = userdata;

	*vec_add(v) = *s;
}

int host_subnets(struct net *n, subnet_vec *ret, struct error *err)
{
	autostmt *st = NULL;
	int r;

	host_uses(n, collect, ret);
	r = db_query(n->db, &st, err, "SELECT subnet FROM net_subnet", "");
	while (r == 0 && (r = db_step(st, err)) > 0) {
		struct subnet s;

		r = 0;
		if (subnet_parse(db_text(st, 0), &s, NULL) == 0)
			*vec_add(ret) = s;
	}
	return r;
}

struct search {
	const struct subnet *s;
	char *out;
};

static void look(void *userdata, const char *what, const struct subnet *s)
{
	struct search *q = userdata;
	char text[SUBNET_TEXT_MAX];

	if (!*q->out && subnet_overlaps(s, q->s))
		snprintf(q->out, 128, "%s (%s)", what, subnet_text(s, text));
}

const char *host_subnet_user(struct net *n, const struct subnet *s, char out[128])
{
	struct search q = { s, out };

	out[0] = 0;
	host_uses(n, look, &q);
	return out;
}

int64_t host_mtu(void)
{
	autobuf b = { 0 };
	struct str line, rest;
	char text[256], name[IFNAMSIZ];
	unsigned dst, mask;
	uint64_t mtu = 0;

	buf_init(&b, LIMIT_PROC);
	if (io_read_file(AT_FDCWD, "/proc/net/route", &b, NULL) < 0)
		return 1500;
	for (rest = buf_str(&b); rest.n && !mtu;) {
		str_cut(rest, '\n', &line, &rest);
		snprintf(text, sizeof(text), "%.*s", (int)MIN(line.n, 255), line.p);
		if (sscanf(text, "%15s %x %*x %*x %*d %*d %*d %x", name, &dst, &mask) == 3 && !mask)
			mtu = attribute(name, "mtu");
	}
	return mtu >= 576 && mtu < 1500 ? (int64_t)mtu : 1500;
}
