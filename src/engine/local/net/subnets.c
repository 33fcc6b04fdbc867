/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/subnets.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/random.h>

static const struct pool {
	uint32_t first, last;
	unsigned prefix;
} pools[] = {
	{ 0xac110000, 0xac1f0000, 16 }, /* 172.17.0.0/16 - 172.31.0.0/16 */
	{ 0xc0a80000, 0xc0a8f000, 20 }, /* 192.168.0.0/20 - 192.168.240.0/20 */
};

const struct subnet *subnet_clash(const subnet_vec *used, const struct subnet *n)
{
	vec_foreach (u, used)
		if (subnet_overlaps(u, n))
			return u;
	return NULL;
}

int subnet_choose(const subnet_vec *used, struct subnet *ret, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(pools); i++) {
		const struct pool *p = &pools[i];
		uint32_t step = 1u << (32 - p->prefix);

		for (uint32_t a = p->first; a <= p->last; a += step) {
			struct subnet n = { { AF_INET, a }, p->prefix };

			if (!subnet_clash(used, &n)) {
				*ret = n;
				return 0;
			}
		}
	}
	return error_set(err, ERR_NO_SPACE,
			 "no subnet is left: all of 172.17.0.0/16 - 172.31.0.0/16 and "
			 "192.168.0.0/16 is in use; remove networks, or give the network a subnet "
			 "of its own "
			 "(ipam.config.subnet)");
}

int subnet_choose6(const subnet_vec *used, struct subnet *ret, struct error *err)
{
	struct subnet n = { .prefix = 64 };
	uint8_t b[16] = { 0 };

	do {
		if (getrandom(b + 1, 5, 0) != 5)
			return error_sys(err, "random bytes");
		b[0] = 0xfd;
		n.first = ip_from_bytes(AF_INET6, b);
	} while (subnet_clash(used, &n));
	*ret = n;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	ip_number x = ((const struct ip *)a)->n, y = ((const struct ip *)b)->n;

	return (x > y) - (x < y);
}

int subnet_next(const struct subnet *n, struct ip first, struct ip last, const ip_vec *taken,
		struct ip *ret)
{
	struct ip a = first;
	bool ends = ip_bits(n->first.family) - n->prefix >
		    1; /* the first and last name the network */
	struct ip *t = taken->v;

	if (taken->n)
		qsort(t, taken->n, sizeof(*t), by_number);
	if (ends && a.n == n->first.n)
		a.n++;
	if (ends && n->first.family == AF_INET && last.n == subnet_last(n).n)
		last.n--;
	for (size_t i = 0; i < taken->n && t[i].n <= a.n; i++)
		if (t[i].n == a.n)
			a.n++;
	if (a.n > last.n || a.n < first.n)
		return -ERR_NO_SPACE;
	*ret = a;
	return 0;
}
