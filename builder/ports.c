/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/ports.h"

#include "util/num.h"

#include <arpa/inet.h>

static int bad(const char *text, const char *why, struct error *err)
{
	return error_set(
		err, ERR_INVALID,
		"invalid port %s: %s; it is a port or a range, and a protocol: 80, 53/udp, "
		"8000-8010/tcp",
		text, why);
}

static bool range(struct str s, uint64_t *first, uint64_t *last)
{
	struct str a, b;

	if (!str_cut(s, '-', &a, &b))
		b = a;
	if (a.n && a.p[0] == '+')
		a = str_skip(a, 1);
	if (b.n && b.p[0] == '+')
		b = str_skip(b, 1);
	return !num_parse_u64(a, 65535, first) && !num_parse_u64(b, 65535, last) && *first <= *last;
}

/* 127.0.0.1, ::1, [::1], or nothing. */
static bool is_ip(struct str s)
{
	autofree char *text = NULL;
	unsigned char out[sizeof(struct in6_addr)];

	if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = (struct str){ s.p + 1, s.n - 2 };
	text = str_dup(s);
	return !s.n || inet_pton(AF_INET, text, out) == 1 || inet_pton(AF_INET6, text, out) == 1;
}

int ports_parse(const char *text, struct strv *ret, struct error *err)
{
	static const char *const protocols[] = { "tcp", "udp", "sctp" };
	struct str host, port, ports, proto;
	const char *protocol = NULL;
	uint64_t first, last, a, b;

	if (!str_rcut(str_of(text), ':', &host, &port)) {
		port = str_of(text);
		host = (struct str){ 0 };
	}
	str_cut(port, '/', &ports, &proto);
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (!proto.n || (proto.n == strlen(protocols[i]) &&
				 !strncasecmp(proto.p, protocols[i], proto.n))) {
			protocol = protocols[i];
			break;
		}
	if (!protocol)
		return bad(text, "the protocol is tcp, udp or sctp", err);
	if (!range(ports, &first, &last))
		return bad(text, "this is no port from 0 to 65535", err);
	if (host.n) {
		struct str ip, host_port;

		if (!str_rcut(host, ':', &ip, &host_port)) {
			host_port = host;
			ip = (struct str){ 0 };
		}
		if (!is_ip(ip))
			return bad(text, "what stands before the ports is no IP address", err);
		if (host_port.n &&
		    (!range(host_port, &a, &b) || (b - a != last - first && last != first)))
			return bad(text, "the range of the host does not fit", err);
	}
	for (uint64_t p = first; p <= last; p++)
		strv_pushf(ret, "%u/%s", (unsigned)p, protocol);
	return 0;
}
