/* SPDX-License-Identifier: Apache-2.0 */
/* compose-net's interfaces: bridges, veth pairs born inside a container's network namespace, and
 * what is in there. */
#ifndef ENGINE_LOCAL_NET_LINK_H
#define ENGINE_LOCAL_NET_LINK_H

#include "util/json.h"

struct nl_sock;

/* One bridge of job.networks: made when it isn't there, and given its addresses. */
int link_bridge_ensure(struct nl_sock *s, uint32_t group, const json_t *net, struct error *err);
/* By name; "not there" is success. One takes some 20 ms, however many there are at a time. So the
 * doomed are gathered in a group of their own, and go together. */
int link_remove(struct nl_sock *s, const char *name, struct error *err);
int link_doom(struct nl_sock *s, uint32_t group, const char *name, struct error *err);
int link_reap(struct nl_sock *s, uint32_t group, struct error *err);
/* One of job.containers: all its interfaces, or, on failure, none. */
int link_plug(struct nl_sock *s, uint32_t group, const json_t *container, struct error *err);

#endif
