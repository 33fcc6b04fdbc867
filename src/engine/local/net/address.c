/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/address.h"

#include "util/num.h"
#include "util/str.h"

#include <arpa/inet.h>
#include <stdio.h>

struct ip ip_from_bytes(int family, const void *p)
{
	const uint8_t *b = p;
	struct ip a = { .family = family };

	for (unsigned i = 0; i < ip_bits(family) / 8; i++)
		a.n = a.n << 8 | b[i];
	return a;
}

unsigned ip_bytes(struct ip a, uint8_t out[16])
{
	unsigned n = ip_bits(a.family) / 8;

	for (unsigned i = 0; i < n; i++)
		out[i] = (uint8_t)(a.n >> (8 * (n - 1 - i)));
	return n;
}

int ip_parse(const char *s, struct ip *ret)
{
	int family = strchr(s, ':') ? AF_INET6 : AF_INET;
	uint8_t b[16];

	if (inet_pton(family, s, b) != 1)
		return -ERR_INVALID;
	*ret = ip_from_bytes(family, b);
	return 0;
}

const char *ip_text(struct ip a, char out[IP_TEXT_MAX])
{
	uint8_t b[16];

	out[0] = 0;
	if (a.family) {
		ip_bytes(a, b);
		inet_ntop(a.family, b, out, IP_TEXT_MAX);
	}
	return out;
}

static ip_number host_mask(int family, unsigned prefix)
{
	unsigned host = ip_bits(family) - prefix;

	return host >= 128 ? ~(ip_number)0 : ((ip_number)1 << host) - 1;
}

int subnet_parse(const char *s, struct subnet *ret, struct ip *ret_ip)
{
	char text[IP_TEXT_MAX];
	struct str head, tail;
	struct ip a;
	uint64_t prefix;

	if (!str_cut(str_of(s), '/', &head, &tail) || head.n >= sizeof(text))
		return -ERR_INVALID;
	snprintf(text, sizeof(text), "%.*s", (int)head.n, head.p);
	if (ip_parse(text, &a) < 0 || num_parse_u64(tail, ip_bits(a.family), &prefix) < 0)
		return -ERR_INVALID;
	if (ret_ip)
		*ret_ip = a;
	ret->prefix = (unsigned)prefix;
	ret->first = a;
	ret->first.n &= ~host_mask(a.family, ret->prefix);
	return 0;
}

const char *subnet_text(const struct subnet *n, char out[SUBNET_TEXT_MAX])
{
	char a[IP_TEXT_MAX];

	snprintf(out, SUBNET_TEXT_MAX, "%s/%u", ip_text(n->first, a), n->prefix % 1000);
	return out;
}

struct ip subnet_last(const struct subnet *n)
{
	struct ip a = n->first;

	a.n |= host_mask(a.family, n->prefix);
	return a;
}

bool subnet_has(const struct subnet *n, struct ip a)
{
	return a.family == n->first.family && a.n >= n->first.n && a.n <= subnet_last(n).n;
}

bool subnet_overlaps(const struct subnet *a, const struct subnet *b)
{
	return subnet_has(a, b->first) || subnet_has(b, a->first);
}

const char *mac_of_ip(struct ip a, char out[MAC_TEXT_MAX])
{
	unsigned n = (unsigned)(a.n & 0xffffffff);

	snprintf(out, MAC_TEXT_MAX, "02:42:%02x:%02x:%02x:%02x", n >> 24, n >> 16 & 255,
		 n >> 8 & 255, n & 255);
	return out;
}

static int hex(char c)
{
	if (char_is_digit(c))
		return c - '0';
	c = char_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int mac_parse(const char *s, uint8_t ret[6])
{
	if (strlen(s) != 17)
		return -ERR_INVALID;
	for (unsigned i = 0; i < 6; i++, s += 3) {
		if (hex(s[0]) < 0 || hex(s[1]) < 0 || (i < 5 && s[2] != ':' && s[2] != '-'))
			return -ERR_INVALID;
		ret[i] = (uint8_t)(hex(s[0]) << 4 | hex(s[1]));
	}
	return 0;
}
