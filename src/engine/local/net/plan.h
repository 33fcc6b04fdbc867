/* SPDX-License-Identifier: Apache-2.0 */
/* The job of one compose-net, while it is put together from the rows. */
#ifndef ENGINE_LOCAL_NET_PLAN_H
#define ENGINE_LOCAL_NET_PLAN_H

#include "engine/local/net/state.h"

struct plan {
	struct net *net;
	json_t *job;
	unsigned dns_port;
	struct map networks; /* ids: in the job already */
	struct map dropped;  /* ids */
	struct map touched;  /* ids: whose names have changed */
	bool any;	     /* there is something to do */
};

void plan_drop_network(struct plan *p, const struct network_row *n);
int plan_plug(struct plan *p, const char *container, pid_t pid, struct error *err);
void plan_hold(struct plan *p, const char *id, pid_t pid, int fd, const struct held_port *h,
	       const char *ipv4, const char *ipv6);
int plan_unplug(struct plan *p, const char *container, struct error *err); /* and its rows */
int plan_all(struct plan *p, struct error *err);
/* The name server's files of the touched networks (names.c). */
int plan_names(struct plan *p, struct error *err);

#endif
