/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of net.h: its rows, and the queue in front of compose-net.
 *
 *	net_network	a row per network; what its options mean is worked out when it is made
 *	net_subnet	one or two per network (IPv4, IPv6)
 *	net_container	who is reserved (pid 0) or plugged; which process reserved it
 *	net_lease	an attachment: addresses, interface
 *	net_port	a published port
 *
 * A pid is kept with the moment at which its process started, so that a later process of the same
 *number is not taken for it.
 */
#ifndef ENGINE_LOCAL_NET_STATE_H
#define ENGINE_LOCAL_NET_STATE_H

#include "engine/local/net.h"
#include "engine/local/net/subnets.h"
#include "registry/db.h"
#include "util/json.h"

#define NET_IMPLICIT "bridge" /* the network that needs no network_create */
#define LIMIT_PORTS  65536

struct held { /* sockets between net_reserve and net_plug */
	char id[65];
	VEC(struct held_port {
		int fd;
		bool v6;
		char *protocol;
		uint16_t host_port;
		uint16_t port;
		char owner[65]; /* of ports_hold_again() */
		pid_t pid;
	})
	ports;
};

struct net_op;
struct net_run;
struct net {
	sd_event *loop;
	sqlite3 *db; /* the store's */
	char *dir;   /* RUN/net */
	char *table; /* "compose_" and 8 hex digits of the state directory's digest */
	uint32_t group;
	net_note_fn note;
	void *note_userdata;
	VEC(struct held *) held;
	struct net_op *first, **last; /* what waits for a compose-net */
	struct net_run *run;	      /* the one under way */
	sd_event_source *turn;
	bool implicit_idle; /* this process may have left the implicit network without users */
};

/* "PID:START" of a process, "" when there is none. */
#define PROCESS_TEXT_MAX 48
const char *process_text(pid_t pid, char out[PROCESS_TEXT_MAX]);
bool process_is(const char *text); /* that very process is still there */

/* ---- networks (network.c) ---- */
struct network_row {
	char *id, *name, *bridge, *iface;
	char *host_ip; /* where ports are published when nothing else is said, or NULL */
	int64_t mtu;
	bool internal, isolated, masquerade, implicit;
	VEC(struct subnet_row {
		struct subnet net;
		struct ip gateway, first, last;
		char *reserved; /* addresses with commas, or NULL */
	})
	subnets;
};
void network_row_done(struct network_row *n);
/* By name, id, or at least 4 digits of it: 1 found, 0 not. */
int network_find(struct net *n, const char *name, struct network_row *ret, struct error *err);
const struct subnet_row *network_subnet(const struct network_row *n, int family);
int network_insert(struct net *n, const struct network_spec *spec, bool implicit,
		   struct error *err);
bool network_is_up(const struct network_row *n); /* its bridge is there */

/* What its driver_opts mean; others are errors. */
int network_options(const struct network_spec *spec, struct network_row *ret, struct error *err);

/* Addresses and routes of the host, its name servers, and networks of ours, but not interfaces of
 * our own. */
int host_subnets(struct net *n, subnet_vec *ret, struct error *err);
/* "in use by interface eth0" for a subnet of these, or "". */
const char *host_subnet_user(struct net *n, const struct subnet *s, char out[128]);
int64_t host_mtu(void); /* of the interface with the default route; 1500 when there is none */

/* ---- ports (ports.c) ---- */
/* Chooses and binds; appends to held. Each spec gets its host_port. */
int ports_hold(struct net *n, struct held *h, struct port_spec *ports, size_t n_ports,
	       const char *host_ip, struct error *err);
struct held *held_free(struct held *h);
DEFINE_FREEP(struct held, held_free);
struct held *held_take(struct net *n, const char *id); /* out of the list; NULL: none */
/* Ports of running containers that nobody holds any more, held again: whose, is in each. NULL: all
 * are held. */
struct held *ports_hold_again(struct net *n);
/* "nginx (process 1234)", or "" when it isn't to be found out. */
void port_taker(const char *protocol, uint16_t port, char out[256], bool *ret_ours);

/* ---- files (files.c) ---- */
char *files_resolv_conf(const struct net_request *req, const ip_vec *servers);
int files_hosts(const struct net_request *req, const char *const *addresses, const char *gateway,
		char **ret, struct error *err);
/* The host's /etc/resolv.conf, or what is behind its stub resolver when that is on loopback. */
char *files_host_resolv_conf(void);

/* ---- reservations (reserve.c) ---- */
int reserve_release(struct net *n, const char *id, struct error *err); /* rows alone */

/* ---- the queue (queue.c) ---- */
enum net_op_kind { OP_PLUG, OP_UNPLUG, OP_REMOVE, OP_RECOVER, OP_IDLE };
struct net_op {
	struct task task;
	struct net *net;
	enum net_op_kind kind;
	char *subject; /* id, or name of a network */
	pid_t pid;
	struct held *held;
	struct strv live;
	struct error why; /* an unplug after a plug that failed: what its owner is told */
	bool skip;	  /* has failed before the job was written */
	bool failed;	  /* compose-net could not plug it */
	struct net_op *next;
};
struct net_op *net_op_new(struct net *n, enum net_op_kind kind, const char *subject);
void net_op_queue(struct net_op *op);

/* ---- the job (apply.c) ---- */
/* Brings the rows to what the ops ask for and writes compose-net's job; called under its lock, with
 * what it said when it had that. *ret stays NULL when nothing is to do. Ops that can't be done get
 * `skip` and why. */
int plan_job(struct net *n, struct net_op *ops, const json_t *ready, json_t **ret,
	     struct error *err);
int net_mark_dirty(struct net *n, struct error *err);
/* By rows, files and bridges alone, without a compose-net: nothing is to be recovered. */
bool net_is_well(struct net *n, const struct strv *live);

#endif
