/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/state.h"

#include "util/fd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#define TRIES	     200 /* of a port whose former container has only just ended */
#define TRY_PAUSE    1000000L
#define CHOOSE_TRIES 64

struct held *held_free(struct held *h)
{
	if (!h)
		return NULL;
	vec_foreach (p, &h->ports) {
		fd_close(p->fd);
		free(p->protocol);
	}
	vec_done(&h->ports);
	free(h);
	return NULL;
}

struct held *held_take(struct net *n, const char *id)
{
	for (size_t i = 0; i < n->held.n; i++) {
		struct held *h = n->held.v[i];

		if (streq(h->id, id)) {
			vec_remove(&n->held, i);
			return h;
		}
	}
	return NULL;
}

/* A socket that is bound, and for TCP listens, so that it is nobody else's: -errno when it can't
 * be. */
static int hold(const char *protocol, struct ip a, uint16_t port)
{
	int type = streq(protocol, "udp") ? SOCK_DGRAM : SOCK_STREAM, one = 1;
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	bool v6 = a.family == AF_INET6;
	autoclose int fd = -1;
	uint8_t bytes[16];

	fd = socket(a.family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (type ==
	    SOCK_STREAM) /* past connections are no hindrance, a listener is one all the same */
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	ip_bytes(a, bytes);
	memcpy(v6 ? (void *)&in6.sin6_addr : (void *)&in.sin_addr, bytes, v6 ? 16 : 4);
	if (bind(fd, v6 ? (void *)&in6 : (void *)&in, v6 ? sizeof(in6) : sizeof(in)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, SOMAXCONN) < 0))
		return -errno;
	return TAKE_FD(fd);
}

static uint16_t bound_port(int fd)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return 0;
	return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
					     : ((struct sockaddr_in *)&a)->sin_port);
}

static void keep(struct held *h, int fd, bool v6, const struct port_spec *spec, uint16_t host_port)
{
	struct held_port *p = vec_add(&h->ports);

	p->fd = fd;
	p->v6 = v6;
	p->protocol = xstrdup(spec->protocol);
	p->host_port = host_port;
	p->port = (uint16_t)spec->port;
}

/* One port on all the addresses that are asked for. 0, or -errno with nothing kept. */
static int hold_one(struct held *h, const struct port_spec *spec, const struct ip *at,
		    uint16_t *port)
{
	struct ip any4 = { .family = AF_INET }, any6 = { .family = AF_INET6 };
	autoclose int fd4 = -1;
	int fd6;

	if (at->family) {
		fd4 = hold(spec->protocol, *at, *port);
		if (fd4 < 0)
			return TAKE_FD(fd4);
		*port = bound_port(fd4);
		keep(h, fd4, at->family == AF_INET6, spec, *port);
		TAKE_FD(fd4);
		return 0;
	}
	fd4 = hold(spec->protocol, any4, *port);
	if (fd4 < 0)
		return TAKE_FD(fd4);
	*port = bound_port(fd4);
	fd6 = hold(spec->protocol, any6, *port);
	if (fd6 < 0 && fd6 != -EAFNOSUPPORT && fd6 != -EADDRNOTAVAIL)
		return fd6;
	keep(h, fd4, false, spec, *port);
	TAKE_FD(fd4);
	if (fd6 >= 0)
		keep(h, fd6, true, spec, *port);
	return 0;
}

/* A container of ours that publishes it. */
static bool owner_of(struct net *n, const char *protocol, uint16_t port, char out[256])
{
	autostmt *st = NULL;

	if (db_query(n->db, &st, NULL,
		     "SELECT name, container FROM net_port JOIN net_container ON id = container"
		     " WHERE host_port = ? AND protocol = ?",
		     "is", (int64_t)port, protocol) < 0 ||
	    db_step(st, NULL) <= 0)
		return false;
	snprintf(out, 256, "container %s", *db_text(st, 0) ? db_text(st, 0) : db_text(st, 1));
	return true;
}

static int taken(struct net *n, const struct port_spec *spec, uint16_t port, struct error *err)
{
	char who[256] = "";
	bool ours = false;

	if (!owner_of(n, spec->protocol, port, who))
		port_taker(spec->protocol, port, who, &ours);
	return error_set(
		err, ERR_CONFLICT,
		"port %s%s%u/%s of the host is taken%s%s: stop that, or publish another port",
		spec->host_ip ? spec->host_ip : "", spec->host_ip ? ":" : "", port, spec->protocol,
		*who ? " by " : "", who);
}

/* The holder of a container that ended a moment ago may not know it yet; one that is just dying is
 * seen as nobody. */
static bool will_be_free(struct net *n, const struct port_spec *spec, uint16_t port)
{
	const struct timespec pause = { .tv_nsec = TRY_PAUSE };
	char who[256] = "";
	bool ours = false;

	if (owner_of(n, spec->protocol, port, who))
		return false;
	port_taker(spec->protocol, port, who, &ours);
	ours = ours || !*who;
	if (ours)
		nanosleep(&pause, NULL);
	return ours;
}

static int cannot(const struct port_spec *spec, uint16_t port, int sys, struct error *err)
{
	if (sys == EADDRNOTAVAIL)
		return error_set(err, ERR_INVALID,
				 "can't publish a port on %s: it is no address of this host",
				 spec->host_ip);
	return error_sys_from(err, sys, "publish port %u/%s", port, spec->protocol);
}

static int hold_exact(struct net *n, struct held *h, struct port_spec *spec, const struct ip *at,
		      struct error *err)
{
	uint16_t port = (uint16_t)spec->host_port;
	int r;

	for (int i = 0;; i++) {
		r = hold_one(h, spec, at, &port);
		if (r != -EADDRINUSE || i == TRIES || !will_be_free(n, spec, port))
			break;
	}
	if (r == -EADDRINUSE)
		return taken(n, spec, port, err);
	return r < 0 ? cannot(spec, port, -r, err) : 0;
}

/* 0 in the spec: the kernel's choice, which IPv6 may not have free. */
static int hold_any(struct held *h, struct port_spec *spec, const struct ip *at, struct error *err)
{
	int r = -EADDRINUSE;
	uint16_t port;

	for (int i = 0; i < CHOOSE_TRIES && r == -EADDRINUSE; i++) {
		port = 0;
		r = hold_one(h, spec, at, &port);
	}
	if (r == 0)
		spec->host_port = port;
	return r < 0 ? cannot(spec, 0, -r, err) : 0;
}

static int hold_range(struct held *h, struct port_spec *spec, const struct ip *at,
		      struct error *err)
{
	uint32_t first = spec->host_port;
	uint16_t port = 0;
	int r = -EADDRINUSE;

	for (unsigned p = first; p <= spec->host_port_end && r == -EADDRINUSE; p++) {
		port = (uint16_t)p;
		r = hold_one(h, spec, at, &port);
	}
	if (r == -EADDRINUSE)
		return error_set(err, ERR_CONFLICT,
				 "all ports %u-%u/%s of the host are taken: publish a wider range",
				 first, spec->host_port_end, spec->protocol);
	if (r < 0)
		return cannot(spec, first, -r, err);
	spec->host_port = port;
	return 0;
}

static int hold_spec(struct net *n, struct held *h, struct port_spec *spec, const char *host_ip,
		     struct error *err)
{
	struct ip at = { 0 };

	if (!spec->protocol)
		spec->protocol = xstrdup("tcp");
	if (!streq(spec->protocol, "tcp") && !streq(spec->protocol, "udp"))
		return error_set(
			err, ERR_UNSUPPORTED,
			"publishing a port of protocol %s is not supported by the local engine: "
			"tcp and udp are",
			spec->protocol);
	if (!spec->host_ip)
		spec->host_ip = xstrdup0(host_ip);
	if (spec->host_ip && ip_parse(spec->host_ip, &at) < 0)
		return error_set(err, ERR_INVALID, "%s is not an address to publish a port on",
				 spec->host_ip);
	if (!spec->port || spec->port > 65535 || spec->host_port > 65535 ||
	    spec->host_port_end > 65535)
		return error_set(err, ERR_INVALID, "a port to publish is not 1 to 65535");
	if (!spec->host_port)
		return hold_any(h, spec, &at, err);
	if (spec->host_port_end > spec->host_port)
		return hold_range(h, spec, &at, err);
	return hold_exact(n, h, spec, &at, err);
}

int ports_hold(struct net *n, struct held *h, struct port_spec *ports, size_t n_ports,
	       const char *host_ip, struct error *err)
{
	int r = 0;

	if (n_ports > LIMIT_PORTS)
		return error_set(err, ERR_LIMIT, "more than %d ports are published", LIMIT_PORTS);
	for (size_t i = 0; i < n_ports && r == 0; i++)
		r = hold_spec(n, h, &ports[i], host_ip, err);
	return r;
}

/* One row of net_port. A port that is held, or that somebody else has taken meanwhile, stays as it
 * is. */
static void hold_row(struct held *h, sqlite3_stmt *st)
{
	const struct port_spec spec = { .protocol = (char *)db_text(st, 3),
					.port = (uint32_t)sqlite3_column_int64(st, 4) };
	uint16_t port = (uint16_t)sqlite3_column_int64(st, 2);
	size_t n = h->ports.n;
	struct ip at = { 0 };

	if ((db_text(st, 1) && ip_parse(db_text(st, 1), &at) < 0) ||
	    hold_one(h, &spec, &at, &port) < 0)
		return;
	for (; n < h->ports.n; n++) {
		snprintf(h->ports.v[n].owner, sizeof(h->ports.v[n].owner), "%s", db_text(st, 0));
		h->ports.v[n].pid = (pid_t)sqlite3_column_int64(st, 5);
	}
}

struct held *ports_hold_again(struct net *n)
{
	struct held *h = xnew(struct held);
	autostmt *st = NULL;
	int r;

	r = db_query(n->db, &st, NULL,
		     "SELECT container, host_ip, host_port, p.protocol, port, pid, process"
		     " FROM net_port p JOIN net_container ON id = container WHERE pid <> 0",
		     "");
	while (r == 0 && (r = db_step(st, NULL)) > 0) {
		if (process_is(db_text(st, 6)))
			hold_row(h, st);
		r = 0;
	}
	return h->ports.n ? h : held_free(h);
}
