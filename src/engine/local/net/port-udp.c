/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/port.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define LIMIT_CLIENTS 1024
#define SILENCE	      90 /* s; as docker's proxy has it */

/* The address of ours that a datagram was sent to: its answer has to come from there. */
struct local {
	int family; /* 0: not known */
	union {
		struct in_addr v4;
		struct in6_pktinfo v6;
	} a;
};

/* A client of a UDP port has a socket of its own to the container, so that the answers find back.
 */
struct client {
	struct waiter waiter;
	struct port *port;
	union address from;
	socklen_t from_len;
	struct local local;
	int fd;
	int64_t last;
	struct client *next;
};

static char piece[65536];

static void client_free(struct client *c)
{
	close(c->fd);
	c->port->n_links--;
	free(c);
}

static void local_of(struct msghdr *m, struct local *ret)
{
	struct in_pktinfo info;

	memset(ret, 0, sizeof(*ret));
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			ret->family = AF_INET;
			ret->a.v4 = info.ipi_addr;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			ret->family = AF_INET6;
			memcpy(&ret->a.v6, CMSG_DATA(c), sizeof(ret->a.v6));
		}
	}
}

static void put_local(struct msghdr *m, const struct local *l)
{
	struct in_pktinfo info = { .ipi_spec_dst = l->a.v4 };
	bool v6 = l->family == AF_INET6;
	size_t n = v6 ? sizeof(l->a.v6) : sizeof(info);
	struct cmsghdr *c;

	m->msg_controllen = l->family ? CMSG_SPACE(n) : 0;
	c = CMSG_FIRSTHDR(m);
	if (!c)
		return;
	c->cmsg_level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	c->cmsg_type = v6 ? IPV6_PKTINFO : IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), v6 ? (const void *)&l->a.v6 : (const void *)&info, n);
}

static void answer(struct client *c, size_t n)
{
	char control[CMSG_SPACE(sizeof(struct in6_pktinfo))] = { 0 };
	struct iovec io = { piece, n };
	struct msghdr m = { .msg_name = &c->from,
			    .msg_namelen = c->from_len,
			    .msg_iov = &io,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };

	put_local(&m, &c->local);
	sendmsg(c->port->fd, &m, MSG_NOSIGNAL);
}

static void on_answer(struct waiter *w, uint32_t events)
{
	struct client *c = container_of(w, struct client, waiter);
	ssize_t n;

	while ((n = recv(c->fd, piece, sizeof(piece), 0)) >= 0) {
		c->last = poll_now();
		answer(c, (size_t)n);
	}
}

static struct client *find(struct port *p, const union address *from, socklen_t len,
			   const struct local *local)
{
	for (struct client *c = p->links; c; c = c->next)
		if (c->from_len == len && !memcmp(&c->from, from, len) &&
		    !memcmp(&c->local, local, sizeof(*local)))
			return c;
	return NULL;
}

static struct client *client_new(struct port *p, const union address *from, socklen_t len)
{
	struct client *c;
	int fd;

	if (p->n_links >= LIMIT_CLIENTS)
		return NULL;
	fd = socket(p->to.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	c = xnew(struct client);
	*c = (struct client){
		.waiter.ready = on_answer, .port = p, .from = *from, .from_len = len, .fd = fd
	};
	p->n_links++;
	if (connect(fd, &p->to.sa, p->to_len) < 0 || poll_set(fd, 0, EPOLLIN, &c->waiter) < 0) {
		client_free(c);
		return NULL;
	}
	c->next = p->links;
	p->links = c;
	return c;
}

static ssize_t receive(struct port *p, union address *from, socklen_t *ret_len, struct local *local)
{
	char control[CMSG_SPACE(sizeof(struct in6_pktinfo)) * 2];
	struct iovec io = { piece, sizeof(piece) };
	struct msghdr m = { .msg_name = from,
			    .msg_namelen = sizeof(*from),
			    .msg_iov = &io,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(p->fd, &m, 0);

	if (n >= 0) {
		*ret_len = m.msg_namelen;
		local_of(&m, local);
	}
	return n;
}

static void on_datagram(struct waiter *w, uint32_t events)
{
	struct port *p = container_of(w, struct port, waiter);
	union address from;
	struct local local;
	struct client *c;
	socklen_t len;
	ssize_t n;

	for (;;) {
		memset(&from, 0, sizeof(from));
		n = receive(p, &from, &len, &local);
		if (n < 0)
			return;
		c = find(p, &from, len, &local);
		if (!c)
			c = client_new(p, &from, len);
		if (!c)
			continue;
		c->local = local;
		c->last = poll_now();
		send(c->fd, piece, (size_t)n, MSG_NOSIGNAL);
	}
}

void udp_sweep(struct port *p)
{
	int64_t now = poll_now();

	for (struct client **at = (struct client **)&p->links, *c; (c = *at);) {
		if (now - c->last < SILENCE) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		client_free(c);
	}
}

static void close_port(struct port *p)
{
	struct client *c, *next;

	close(p->fd);
	p->fd = -1;
	for (c = p->links; c; c = next) {
		next = c->next;
		client_free(c);
	}
	p->links = NULL;
}

void udp_port(struct port *p)
{
	int one = 1;

	setsockopt(p->fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	setsockopt(p->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	p->waiter.ready = on_datagram;
	p->close = close_port;
}
