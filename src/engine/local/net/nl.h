/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink as compose-net needs it: one request at a time on a socket that stays in the network
 * namespace in which it was opened. Errors name nothing but the kernel's answer: the caller wraps
 * them with a noun.
 */
#ifndef ENGINE_LOCAL_NET_NL_H
#define ENGINE_LOCAL_NET_NL_H

#include "util/error.h"

#include <netlink/netlink.h>
#include <netlink/msg.h>
#include <netlink/attr.h>

static inline void nl_socket_freep(struct nl_sock **s)
{
	nl_socket_free(*s);
	*s = NULL;
}
#define autonl autocall(nl_socket_freep) struct nl_sock

int nl_open(int protocol, struct nl_sock **ret, struct error *err);
/* Sends, takes m, waits for the answer. -ERR_EXISTS and -ERR_NOT_FOUND are told apart. */
int nl_ask(struct nl_sock *s, struct nl_msg *m, struct error *err);

/* The interfaces of a group (IFLA_GROUP): names and indices. */
typedef void (*nl_link_fn)(void *userdata, const char *name, unsigned index, const char *kind);
int nl_group_links(struct nl_sock *s, uint32_t group, nl_link_fn fn, void *userdata,
		   struct error *err);

/* nf_tables: 1 it is there, 0 not. */
int nl_table_exists(struct nl_sock *s, const char *table, struct error *err);
/* The policy of `chain FORWARD` in `table ip filter` (iptables-nft): 1 drop, 0 accept or no such
 * chain. */
int nl_forward_drops(struct nl_sock *s, struct error *err);

#endif
