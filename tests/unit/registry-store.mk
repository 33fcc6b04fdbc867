# SPDX-License-Identifier: Apache-2.0
if HAVE_CMOCKA
check_PROGRAMS += unit-store
TESTS += unit-store
unit_store_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(SQLITE_CFLAGS)
unit_store_SOURCES = tests/unit/test-store.c tests/unit/store-common.c tests/unit/store-common.h \
	tests/unit/unit.h
unit_store_LDADD = libregistry.a libevent.a libutil.a $(SQLITE_LIBS) $(SYSTEMD_LIBS) \
	$(CURL_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS)
endif
