# SPDX-License-Identifier: Apache-2.0
# src/engine/local/net: networks of the local engine, and the two helpers that they need
composelibexec_PROGRAMS += compose-net compose-port
compose_net_CPPFLAGS = $(AM_CPPFLAGS) $(NL_CFLAGS)
compose_net_LDFLAGS = $(AM_LDFLAGS) -Wl,--as-needed
compose_net_LDADD = libutil.a $(NL_LIBS) $(JANSSON_LIBS)
compose_net_SOURCES = \
	src/engine/local/net/address.c src/engine/local/net/address.h \
	src/engine/local/net/dns.c src/engine/local/net/dns.h \
	src/engine/local/net/dns-pid.c \
	src/engine/local/net/hold.c \
	src/engine/local/net/job.c src/engine/local/net/job.h \
	src/engine/local/net/link.c src/engine/local/net/link.h \
	src/engine/local/net/main.c \
	src/engine/local/net/nft-table.c \
	src/engine/local/net/nft.c src/engine/local/net/nft.h \
	src/engine/local/net/nl.c src/engine/local/net/nl.h

compose_port_CPPFLAGS = $(AM_CPPFLAGS)
compose_port_LDADD = libutil.a
compose_port_SOURCES = \
	src/engine/local/net/port-tcp.c \
	src/engine/local/net/port-udp.c \
	src/engine/local/net/port.c src/engine/local/net/port.h

noinst_LIBRARIES += libnet.a
libnet_a_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
libnet_a_SOURCES = \
	src/engine/local/net.h \
	src/engine/local/net/address.c src/engine/local/net/address.h \
	src/engine/local/net/apply.c \
	src/engine/local/net/dns-pid.c src/engine/local/net/dns.h \
	src/engine/local/net/files.c \
	src/engine/local/net/host.c \
	src/engine/local/net/lookup.c \
	src/engine/local/net/names.c \
	src/engine/local/net/network-info.c \
	src/engine/local/net/network.c \
	src/engine/local/net/options.c \
	src/engine/local/net/plan.c src/engine/local/net/plan.h \
	src/engine/local/net/ports.c \
	src/engine/local/net/process.c \
	src/engine/local/net/queue.c \
	src/engine/local/net/reserve.c \
	src/engine/local/net/schema.c src/engine/local/net/state.h \
	src/engine/local/net/subnets.c src/engine/local/net/subnets.h \
	src/engine/local/net/taker.c \
	src/engine/local/net/tasks.c
