/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/port.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define LIMIT_CLIENTS 1024
#define SILENCE	      90 /* s; as docker's proxy has it */

/* A client of a UDP port has a socket of its own to the container, so that the answers find back.
 */
struct client {
	struct waiter waiter;
	struct port *port;
	union address from;
	socklen_t from_len;
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

static void on_answer(struct waiter *w, uint32_t events)
{
	struct client *c = container_of(w, struct client, waiter);
	ssize_t n;

	while ((n = recv(c->fd, piece, sizeof(piece), 0)) >= 0) {
		c->last = poll_now();
		sendto(c->port->fd, piece, (size_t)n, MSG_NOSIGNAL, &c->from.sa, c->from_len);
	}
}

static struct client *find(struct port *p, const union address *from, socklen_t len)
{
	for (struct client *c = p->links; c; c = c->next)
		if (c->from_len == len && !memcmp(&c->from, from, len))
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

static void on_datagram(struct waiter *w, uint32_t events)
{
	struct port *p = container_of(w, struct port, waiter);
	union address from = { 0 };
	struct client *c;
	socklen_t len;
	ssize_t n;

	for (;;) {
		len = sizeof(from);
		n = recvfrom(p->fd, piece, sizeof(piece), 0, &from.sa, &len);
		if (n < 0)
			return;
		c = find(p, &from, len);
		if (!c)
			c = client_new(p, &from, len);
		if (!c)
			continue;
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
	p->waiter.ready = on_datagram;
	p->close = close_port;
}
