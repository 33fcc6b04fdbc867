/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/port.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#define LIMIT_LINKS 4096
#define PIECE	    16384

/* One direction's end: what was read from `fd` waits in `p` until the other end takes it. */
struct end {
	struct waiter waiter;
	struct link *link;
	struct end *other;
	int fd;
	uint32_t events;
	size_t n, at;
	bool eof;  /* no more is coming from fd */
	bool shut; /* the other end was told */
	char p[PIECE];
};

struct link {
	struct end client, server;
	struct port *port;
	struct link *prev, *next;
	bool connected;
};

static void link_close(struct link *l)
{
	struct port *p = l->port;

	close(l->client.fd);
	close(l->server.fd);
	if (l->prev)
		l->prev->next = l->next;
	else
		p->links = l->next;
	if (l->next)
		l->next->prev = l->prev;
	p->n_links--;
	free(l);
	if (p->paused && p->fd >= 0) {
		p->paused = false;
		poll_set(p->fd, 0, EPOLLIN, &p->waiter);
	}
}

static bool again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* Moves what can be moved from e to its other end; false: the link is broken. */
static bool pump(struct end *e)
{
	ssize_t n;

	for (;;) {
		while (e->at < e->n) {
			n = send(e->other->fd, e->p + e->at, e->n - e->at, MSG_NOSIGNAL);
			if (n < 0)
				return again();
			e->at += (size_t)n;
		}
		e->at = e->n = 0;
		if (e->eof)
			break;
		n = recv(e->fd, e->p, sizeof(e->p), 0);
		if (n < 0)
			return again();
		e->n = (size_t)n;
		e->eof = !n;
	}
	if (!e->shut) {
		e->shut = true;
		shutdown(e->other->fd, SHUT_WR);
	}
	return true;
}

static void wait_for(struct end *e)
{
	uint32_t events = 0;

	if (!e->eof && e->at == e->n)
		events |= EPOLLIN;
	if (e->other->at < e->other->n)
		events |= EPOLLOUT;
	poll_set(e->fd, e->events, events, &e->waiter);
	e->events = events;
}

static void on_end(struct waiter *w, uint32_t events)
{
	struct end *e = container_of(w, struct end, waiter);
	struct link *l = e->link;

	if (!l->connected && (events & (EPOLLERR | EPOLLHUP))) {
		link_close(l);
		return;
	}
	l->connected = true;
	if (!pump(&l->client) || !pump(&l->server) || (l->client.shut && l->server.shut) ||
	    ((events & EPOLLERR) && e->eof)) {
		link_close(l);
		return;
	}
	wait_for(&l->client);
	wait_for(&l->server);
}

static void end_init(struct link *l, struct end *e, struct end *other, int fd, uint32_t events)
{
	int one = 1;

	e->waiter.ready = on_end;
	e->link = l;
	e->other = other;
	e->fd = fd;
	e->events = events;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* The client is not listened to until the server's side is there. */
static void link_open(struct port *p, int client)
{
	int server = socket(p->to.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct link *l;

	if (server < 0 || (connect(server, &p->to.sa, p->to_len) < 0 && errno != EINPROGRESS)) {
		close(client);
		if (server >= 0)
			close(server);
		return;
	}
	l = xnew(struct link);
	l->port = p;
	end_init(l, &l->client, &l->server, client, 0);
	end_init(l, &l->server, &l->client, server, EPOLLOUT);
	l->next = p->links;
	if (l->next)
		l->next->prev = l;
	p->links = l;
	p->n_links++;
	if (poll_set(server, 0, EPOLLOUT, &l->server.waiter) < 0)
		link_close(l);
}

static void on_client(struct waiter *w, uint32_t events)
{
	struct port *p = container_of(w, struct port, waiter);
	int fd;

	while (p->n_links < LIMIT_LINKS) {
		fd = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == ECONNABORTED || errno == EINTR))
			continue;
		if (fd < 0 && errno == EAGAIN)
			return;
		if (fd < 0)
			break;
		link_open(p, fd);
	}
	if (!p->n_links)
		return;
	p->paused = true;
	poll_set(p->fd, EPOLLIN, 0, &p->waiter);
}

static void close_port(struct port *p)
{
	struct link *l, *next;

	close(p->fd);
	p->fd = -1;
	for (l = p->links; l; l = next) {
		next = l->next;
		link_close(l);
	}
}

void tcp_port(struct port *p)
{
	p->waiter.ready = on_client;
	p->close = close_port;
}
