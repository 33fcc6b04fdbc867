# SPDX-License-Identifier: Apache-2.0
# One contract for all engines; and what only the engine inside has.
if HAVE_CMOCKA
check_PROGRAMS += engine-contract
engine_contract_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS) $(CMOCKA_CFLAGS)
engine_contract_SOURCES = tests/engine/contract.c tests/engine/fixture.c tests/engine/fixture.h
engine_contract_LDADD = libengine.a liblocal.a libnet.a libengine.a libregistry.a libevent.a libutil.a \
	$(SQLITE_LIBS) $(SYSTEMD_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS) -ldl
EXTRA_engine_contract_DEPENDENCIES = compose-shim$(EXEEXT) compose-monitor$(EXEEXT) compose-net$(EXEEXT) \
	compose-port$(EXEEXT) compose-unpack$(EXEEXT) compose-pack$(EXEEXT)

check_PROGRAMS += engine-kill
engine_kill_CPPFLAGS = $(engine_contract_CPPFLAGS)
engine_kill_SOURCES = tests/engine/kill.c tests/engine/fixture.c tests/engine/fixture.h
engine_kill_LDADD = $(engine_contract_LDADD)

TESTS += engine-contract
endif
EXTRA_DIST += tests/engine/local-contract.sh tests/engine/local-kill.sh
