# SPDX-License-Identifier: Apache-2.0
# unit tests of registry/: references, what registries and configuration files say, credentials
registry_client_unit = unit-registry-ref unit-registry-text unit-registry-config
check_PROGRAMS += $(registry_client_unit)
TESTS += $(registry_client_unit)

registry_client_libs = libregistry.a libevent.a libutil.a $(SYSTEMD_LIBS) $(SQLITE_LIBS) \
	$(JANSSON_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS)

unit_registry_ref_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_registry_ref_SOURCES = tests/unit/test-registry-ref.c
unit_registry_ref_LDADD = $(registry_client_libs)

unit_registry_text_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_registry_text_SOURCES = tests/unit/test-registry-text.c
unit_registry_text_LDADD = $(registry_client_libs)

unit_registry_config_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_registry_config_SOURCES = tests/unit/test-registry-config.c
unit_registry_config_LDADD = $(registry_client_libs)
