# SPDX-License-Identifier: Apache-2.0
# unit tests of src/engine/local/net
if HAVE_CMOCKA
check_PROGRAMS += unit-net
TESTS += unit-net
unit_net_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS) $(CMOCKA_CFLAGS)
unit_net_SOURCES = tests/unit/test-net.c tests/unit/unit.h
unit_net_LDADD = libnet.a libengine.a libregistry.a libevent.a libutil.a $(SYSTEMD_LIBS) $(SQLITE_LIBS) \
	$(JANSSON_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS) -ldl
endif
