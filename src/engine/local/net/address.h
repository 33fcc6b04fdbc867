/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses and subnets as numbers: IPv4 in the low 32 bits, so that both families count alike.
 */
#ifndef ENGINE_LOCAL_NET_ADDRESS_H
#define ENGINE_LOCAL_NET_ADDRESS_H

#include "util/error.h"

typedef unsigned __int128 ip_number;

struct ip {
	int family; /* AF_INET, AF_INET6; 0: none */
	ip_number n;
};
struct subnet {
	struct ip first; /* the network's own address */
	unsigned prefix;
};

#define IP_TEXT_MAX	48
#define SUBNET_TEXT_MAX 52

static inline unsigned ip_bits(int family)
{
	return family == 2 ? 32 : 128;
}
static inline bool ip_eq(struct ip a, struct ip b)
{
	return a.family == b.family && a.n == b.n;
}

int ip_parse(const char *s, struct ip *ret); /* 0 or -ERR_INVALID, no message */
const char *ip_text(struct ip a, char out[IP_TEXT_MAX]);
/* The bytes as they are on the wire; answers how many (4, 16). */
unsigned ip_bytes(struct ip a, uint8_t out[16]);
struct ip ip_from_bytes(int family, const void *p);

/* "172.18.0.0/16"; host bits are cleared, as docker does it. *ret_ip (may be NULL) gets the address
 * as written. */
int subnet_parse(const char *s, struct subnet *ret, struct ip *ret_ip);
const char *subnet_text(const struct subnet *n, char out[SUBNET_TEXT_MAX]);
struct ip subnet_last(const struct subnet *n);
bool subnet_has(const struct subnet *n, struct ip a);
bool subnet_overlaps(const struct subnet *a, const struct subnet *b);

/* 02:42 and the address, as docker had it: a new container with an old address doesn't wait for ARP
 * caches. */
#define MAC_TEXT_MAX 18
const char *mac_of_ip(struct ip a, char out[MAC_TEXT_MAX]);
int mac_parse(const char *s, uint8_t ret[6]); /* 0 or -ERR_INVALID, no message */

#endif
