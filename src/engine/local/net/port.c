/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose-port: holds the published ports of containers, so that nobody else takes them, and serves
 * those connections to them which the firewall doesn't lead to the container: loopback's, and IPv6
 * ones to a container without IPv6.
 *
 * Its input: "PIDFD FD PROTOCOL ADDRESS PORT" lines. A container's ports are closed when its
 * process (PIDFD) has ended, and with the last of them it ends itself.
 */
#include "engine/local/net/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SWEEP_MS 15000

struct owner {
	struct waiter waiter;
	int pidfd;
	struct port *port;
};

struct all {
	int epoll;
	unsigned n_ports;
	struct port *ports;
	bool udp;
};
static struct all all = { .epoll = -1 }; /* a process has one */

int poll_set(int fd, uint32_t old, uint32_t events, struct waiter *w)
{
	struct epoll_event e = { .events = events, .data.ptr = w };
	int op = !old ? EPOLL_CTL_ADD : !events ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

	return old == events ? 0 : epoll_ctl(all.epoll, op, fd, &e);
}

int64_t poll_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec;
}

static void on_owner(struct waiter *w, uint32_t events)
{
	struct owner *o = container_of(w, struct owner, waiter);

	close(o->pidfd);
	o->port->close(o->port);
	all.n_ports--;
	if (!all.n_ports)
		_exit(0);
}

static int address_parse(const char *text, unsigned port, struct port *p)
{
	if (inet_pton(AF_INET, text, &p->to.in.sin_addr) == 1) {
		p->to.in.sin_family = AF_INET;
		p->to.in.sin_port = htons((uint16_t)port);
		p->to_len = sizeof(p->to.in);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &p->to.in6.sin6_addr) != 1)
		return -1;
	p->to.in6.sin6_family = AF_INET6;
	p->to.in6.sin6_port = htons((uint16_t)port);
	p->to_len = sizeof(p->to.in6);
	return 0;
}

static int add_port(int pidfd, int fd, bool udp, const char *address, unsigned number)
{
	struct port *p = xnew(struct port);
	struct owner *o = xnew(struct owner);

	p->fd = fd;
	p->udp = udp;
	o->port = p;
	o->pidfd = pidfd;
	o->waiter.ready = on_owner;
	p->next = all.ports;
	all.ports = p;
	all.n_ports++;
	all.udp |= udp;
	if (udp)
		udp_port(p);
	else
		tcp_port(p);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if (address_parse(address, number, p) < 0 || poll_set(fd, 0, EPOLLIN, &p->waiter) < 0)
		return -1;
	return poll_set(pidfd, 0, EPOLLIN, &o->waiter);
}

static int read_ports(FILE *in)
{
	char line[256], protocol[8], address[64];
	int pidfd, fd;
	unsigned port;

	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, "%d %d %7s %63s %u", &pidfd, &fd, protocol, address, &port) != 5)
			return -1;
		if (add_port(pidfd, fd, !strcmp(protocol, "udp"), address, port) < 0)
			return -1;
	}
	return all.n_ports ? 0 : -1;
}

static void sweep(void)
{
	for (struct port *p = all.ports; p; p = p->next)
		if (p->fd >= 0 && p->udp)
			udp_sweep(p);
}

static void serve(void)
{
	struct epoll_event e[1];

	for (;;) {
		/* One at a time: what one handler frees, no other event of the same turn names. */
		int n = epoll_wait(all.epoll, e, 1, all.udp ? SWEEP_MS : -1);

		if (n < 0 && errno != EINTR)
			_exit(1);
		if (n > 0)
			((struct waiter *)e[0].data.ptr)->ready(e[0].data.ptr, e[0].events);
		else
			sweep();
	}
}

/* A connection takes two descriptors. */
static void raise_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	raise_limit();
	all.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (all.epoll < 0 || chdir("/") < 0 || read_ports(stdin) < 0) {
		fputs("compose-port is a helper of compose: it is not run by hand\n", stderr);
		return 2;
	}
	serve();
}
