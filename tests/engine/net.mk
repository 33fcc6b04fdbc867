# SPDX-License-Identifier: Apache-2.0
# Networks of the local engine, in namespaces that the tests make.
check_PROGRAMS += net-tool
net_tool_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
net_tool_SOURCES = tests/engine/net-tool.c
net_tool_LDADD = libnet.a libengine.a libregistry.a libevent.a libutil.a $(SYSTEMD_LIBS) $(SQLITE_LIBS) \
	$(JANSSON_LIBS) $(CRYPTO_LIBS) -ldl
