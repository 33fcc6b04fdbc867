/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose-net's job, as the engine writes it (job-text.c there):
 *
 *	table, full	full: networks, ports and dns.files are all that is to be; what else is ours
 *goes. `keep`: interfaces that stay last		nothing is left when this is done: the table
 *goes networks	[{bridge, mtu, mac, addresses, internal, isolated, masquerade, ipv6}]: made unless
 *they are there containers	[{id, pid, links: [{veth, bridge, name, mac, mtu, addresses,
 *gateway, gateway6, ipv6, isolated}]}] ports		[{protocol, host, host_port, address,
 *port}]; no host: on every address
 *	hold		[{id, pid, fd, protocol, address, port}]: for compose-port
 *	drop_ports, drop_networks	as they were added; drop_links: [veth]
 *	dns		{files: {name: text or null}, check: [{server, name}]}
 */
#ifndef ENGINE_LOCAL_NET_JOB_H
#define ENGINE_LOCAL_NET_JOB_H

#include "util/json.h"

struct nl_sock;
struct work {
	const char *dir, *table; /* borrowed */
	int dirfd;
	uint32_t group; /* of our interfaces */
	struct nl_sock *route, *netfilter;
	void (*say)(json_t *line); /* takes it */
};

int job_run(struct work *w, const json_t *job, struct error *err);
/* Starts compose-port for these, in a session of its own. */
int hold_ports(const json_t *hold, struct error *err);

#endif
