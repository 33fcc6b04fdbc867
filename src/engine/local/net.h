/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks of the local engine: which there are (SQLite), who has which address (leases), published
 *ports, names, and the kernel's side of it, which only the helper compose-net touches (bridges,
 *veth pairs, addresses, one nft table per state directory, aardvark-dns).
 *
 * A container's way through it:
 *
 *	net_reserve()		before crun create: addresses and host ports are chosen, leased and
 *held. The answer has what its /etc/resolv.conf, /etc/hosts and `inspect` need. Fails with nothing
 *left over: an unknown network, a taken address, a taken port (and by whom).
 *	crun create		with a new network namespace (no path) and nothing in it but lo,
 *down
 *	net_plug(pid)		lo, interfaces, addresses, routes, firewall, names: when the task
 *has ended, the container can be started. Plugs asked for while a compose-net runs go into the next
 *one together. crun start net_unplug()		when it has ended, whoever saw that; also when crun
 *create or start failed after net_reserve(). Idempotent: for a container without leases it succeeds
 *and runs nothing.
 *
 * A restart (by the policy too) is unplug, reserve, plug: leases live as long as the network
 *namespace does. reserve and plug are called by one process, any process (compose, the monitor);
 *unplug may be another's.
 *
 * Network modes: "host", "none" and "container:X" never come here. "bridge" is a network of the
 *name "bridge", which needs no net_create(): it appears with its first user and goes with its last.
 *
 * Held ports: net_reserve() binds host ports; net_plug() hands the sockets to one small process
 *(compose-port, per batch), which keeps them from others, serves connections that don't go through
 *the firewall's DNAT (loopback, IPv6 to IPv4), and ends when the container's first process (pidfd)
 *has ended: nobody has to stop it.
 *
 * kill -9 of any of us, at any time: what compose-net had begun is marked in RUN/net/dirty, and the
 *next compose-net first makes the kernel equal to the database. net_recover() does that at once,
 *for when nothing else follows. After a reboot leases are dropped by net_new() and bridges come
 *back with their first container.
 *
 * All rows belong to the database of the store; all calls block briefly only (SQLite, bind).
 */
#ifndef ENGINE_LOCAL_NET_H
#define ENGINE_LOCAL_NET_H

#include "engine/engine.h"
#include "event/task.h"
#include "registry/store.h"

struct net;

/* What the user should know though it is no failure ("the host's firewall drops forwarded packets:
 * ..."). */
typedef void (*net_note_fn)(void *userdata, const char *text);

/* Makes its tables and RUN/net. The store is borrowed and outlives it. */
int net_new(sd_event *loop, struct store *st, const char *run_dir, struct net **ret,
	    struct error *err);
void net_on_note(struct net *n, net_note_fn fn, void *userdata);
struct net *net_free(struct net *n); /* no task of it may be under way */
DEFINE_FREEP(struct net, net_free);

/* engine.h's network_create, network_remove, network_list, as they are there. Create only writes
 * the row (subnets are chosen then); the bridge appears with the first container. Remove:
 * -ERR_CONFLICT names the containers that are plugged. */
struct task *net_create(struct net *n, const struct network_spec *spec);
struct task *net_remove(struct net *n, const char *name);
int net_list(struct net *n, const struct strv *labels, network_vec *ret, struct error *err);
/* By name, id, or at least 4 digits of an id. 1 found, 0 not. */
int net_inspect(struct net *n, const char *name, struct network_info *ret, struct error *err);

/* ---- a container's networks ---- */

struct net_request {
	const char *id;	      /* 64 hex digits */
	const char *name;     /* "shop-web-1"; becomes a DNS name, as the id's first 12 digits do */
	const char *hostname; /* NULL: the first 12 digits of the id */
	const char *domainname;		       /* may be NULL */
	const struct network_attach *networks; /* aliases become DNS names; none: "bridge" */
	size_t n_networks;
	const struct port_spec *ports;
	size_t n_ports;
	const struct strv *dns, *dns_search, *dns_opt; /* the spec's; may be NULL */
	const struct strv *extra_hosts; /* "name=address", "name:address"; host-gateway is known;
					   may be NULL */
	const char *mac_address;	/* for the first network; may be NULL */
};

struct net_reservation {
	VEC(struct container_network)
	networks; /* in the order of priority; interfaces are eth0, eth1, ... (or interface_name) */
	VEC(struct port_spec) ports; /* as they are: host_port is chosen, one row per port */
	char *resolv_conf;	     /* contents for the container's files */
	char *hosts;
	char *hostname; /* contents of /etc/hostname, no newline */
};
void net_reservation_done(struct net_reservation *r);

/* ret may be NULL. A reservation that is there already for this id is replaced. */
int net_reserve(struct net *n, const struct net_request *req, struct net_reservation *ret,
		struct error *err);
/* pid: the container's init as crun create left it. On failure the reservation is released too. */
struct task *net_plug(struct net *n, const char *id, pid_t pid);
struct task *net_unplug(struct net *n, const char *id);
/* What an id has now (for ps, inspect): from its rows alone. 1 found, 0 none. */
int net_lookup(struct net *n, const char *id, struct net_reservation *ret, struct error *err);

/* Files of network_mode host (copies of the host's) and none (localhost alone). For "container:X"
 * use X's files. */
int net_files_host(const struct net_request *req, struct net_reservation *ret, struct error *err);
int net_files_none(const struct net_request *req, struct net_reservation *ret, struct error *err);

/* ---- a step of a build ----
 * The same three calls, with a random id: net_reserve with step networks only: set req->networks to
 * NULL, n_networks to 0 and this as the name. No DNS name, resolv.conf is the host's (with what is
 * behind a stub resolver on loopback). */
#define NET_STEP_NAME "" /* req->name */

/* live: ids of all containers whose first process runs (of every project of this state directory).
 * Leases of others are released, the kernel is made equal to the database if a compose-net was
 * killed or something of it is missing (bridge, table, aardvark-dns). Networks nobody made (bridge)
 * and nobody uses go. Runs nothing when all is well. */
struct task *net_recover(struct net *n, const struct strv *live);

#endif
