/* SPDX-License-Identifier: Apache-2.0 */
/* compose-port: the inside. One thread, one epoll, libc alone. */
#ifndef ENGINE_LOCAL_NET_PORT_H
#define ENGINE_LOCAL_NET_PORT_H

#include "util/macro.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <netinet/in.h>

/* Whatever waits in the epoll begins with one. */
struct waiter {
	void (*ready)(struct waiter *w, uint32_t events);
};

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage any;
};

struct port {
	struct waiter waiter;
	bool udp;
	int fd; /* the held socket; -1: closed */
	union address to;
	socklen_t to_len;
	struct port *next;
	void *links; /* tcp.c's or udp.c's */
	unsigned n_links;
	bool paused; /* of a full table: no more are accepted for now */
	void (*close)(struct port *p);
};

/* old: the events waited for until now; 0 is not being in the epoll at all, so that a hang-up that
 * nobody can act upon wakes nobody. */
int poll_set(int fd, uint32_t old, uint32_t events, struct waiter *w);
int64_t poll_now(void); /* seconds */

void tcp_port(struct port *p);
void udp_port(struct port *p);
/* Drops clients that have been silent. */
void udp_sweep(struct port *p);

#endif
