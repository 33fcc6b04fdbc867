# SPDX-License-Identifier: Apache-2.0
# The engine inside: what needs neither root nor a runtime.
if HAVE_CMOCKA
check_PROGRAMS += unit-local-log unit-local-health unit-local-spec
TESTS += unit-local-log unit-local-health unit-local-spec
local_test_cppflags = $(AM_CPPFLAGS) $(SQLITE_CFLAGS) $(CMOCKA_CFLAGS)
local_test_libs = liblocal.a libnet.a libengine.a libregistry.a libevent.a libutil.a \
	$(SQLITE_LIBS) $(SYSTEMD_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS) -ldl

unit_local_log_CPPFLAGS = $(local_test_cppflags)
unit_local_log_SOURCES = tests/unit/test-local-log.c tests/unit/unit.h
unit_local_log_LDADD = $(local_test_libs)
unit_local_health_CPPFLAGS = $(local_test_cppflags)
unit_local_health_SOURCES = tests/unit/test-local-health.c tests/unit/unit.h
unit_local_health_LDADD = $(local_test_libs)
unit_local_spec_CPPFLAGS = $(local_test_cppflags)
unit_local_spec_SOURCES = tests/unit/test-local-spec.c tests/unit/unit.h
unit_local_spec_LDADD = $(local_test_libs)
endif
