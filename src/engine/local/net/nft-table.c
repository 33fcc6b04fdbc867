/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/nft.h"

/*
 * published	To one of the host's own addresses and a published port: to the container. Loopback
 *is left alone: the kernel doesn't route 127.0.0.0/8 elsewhere, compose-port serves there.
 * postrouting	Out to the world from the host's address. Back into the network that it came from,
 *through a published port, too: else the answer would take the short way, and not be known. forward
 *Between networks, and in from outside: published ports alone. Into and out of an internal one:
 *nothing. refused	A name server that is just being reloaded is to be silent, not away: a
 *resolver then asks again. The payload is the port that the refused question was for, in ICMP's
 *copy of it (8 + 20 + 2 bytes on).
 */
const char nft_table_text[] =
	"	set bridges { type ifname; }\n"
	"	set internal { type ifname; }\n"
	"	set outbound { type ifname; }\n"
	"	set same { type ifname . ifname; }\n"
	"	set own { type ifname . inet_proto . inet_service; }\n"
	"	map ports4 { type inet_proto . inet_service : ipv4_addr . inet_service; }\n"
	"	map ports6 { type inet_proto . inet_service : ipv6_addr . inet_service; }\n"
	"	map ports4_at { type ipv4_addr . inet_proto . inet_service : ipv4_addr . "
	"inet_service; }\n"
	"	map ports6_at { type ipv6_addr . inet_proto . inet_service : ipv6_addr . "
	"inet_service; }\n"
	"	chain published {\n"
	"		ip daddr 127.0.0.0/8 return\n"
	"		ip6 daddr ::1 return\n"
	"		iifname . meta l4proto . th dport @own return\n"
	"		dnat ip to ip daddr . meta l4proto . th dport map @ports4_at\n"
	"		dnat ip to meta l4proto . th dport map @ports4\n"
	"		dnat ip6 to ip6 daddr . meta l4proto . th dport map @ports6_at\n"
	"		dnat ip6 to meta l4proto . th dport map @ports6\n"
	"	}\n"
	"	chain prerouting {\n"
	"		type nat hook prerouting priority -100; policy accept;\n"
	"		fib daddr type local jump published\n"
	"	}\n"
	"	chain from_host {\n"
	"		type nat hook output priority -100; policy accept;\n"
	"		fib daddr type local jump published\n"
	"	}\n"
	"	chain postrouting {\n"
	"		type nat hook postrouting priority 100; policy accept;\n"
	"		iifname @outbound oifname != @bridges masquerade\n"
	"	}\n"
	"	chain forward {\n"
	"		type filter hook forward priority 0; policy accept;\n"
	"		iifname != @bridges oifname != @bridges accept\n"
	"		ct state established,related accept\n"
	"		iifname . oifname @same accept\n"
	"		iifname @internal drop\n"
	"		oifname @internal drop\n"
	"		ct status dnat accept\n"
	"		oifname @bridges drop\n"
	"	}\n"
	"	chain refused {\n"
	"		type filter hook output priority 0; policy accept;\n"
	"		oifname @bridges icmp type destination-unreachable"
	" icmp code port-unreachable @th,240,16 53 drop\n"
	"	}\n";
