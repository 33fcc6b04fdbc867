/* SPDX-License-Identifier: Apache-2.0 */
/* Which subnet a new network gets, and which address of it a new container: numbers alone, nothing
 * of the system. */
#ifndef ENGINE_LOCAL_NET_SUBNETS_H
#define ENGINE_LOCAL_NET_SUBNETS_H

#include "engine/local/net/address.h"
#include "util/vec.h"

typedef VEC(struct subnet) subnet_vec;
typedef VEC(struct ip) ip_vec;

/* The first of docker's default pools (172.17-31.0.0/16, then 192.168.0.0/20 ...) that touches none
 * of `used`. -ERR_NO_SPACE. */
int subnet_choose(const subnet_vec *used, struct subnet *ret, struct error *err);
/* One of fd00::/8 that was never there: 40 random bits (RFC 4193). */
int subnet_choose6(const subnet_vec *used, struct subnet *ret, struct error *err);
/* The first of `used` that it touches, or NULL. */
const struct subnet *subnet_clash(const subnet_vec *used, const struct subnet *n);

/* The lowest address of first..last that is neither reserved nor leased (in any order), and not the
 * first or last of its subnet. -ERR_NO_SPACE. */
int subnet_next(const struct subnet *n, struct ip first, struct ip last, const ip_vec *taken,
		struct ip *ret);

#endif
