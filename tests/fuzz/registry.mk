# SPDX-License-Identifier: Apache-2.0
# fuzz targets of registry/
fuzz_registry_targets = fuzz-registry-ref fuzz-registry-text
fuzz_registry_ldadd = libregistry.a libevent.a libutil.a $(SYSTEMD_LIBS) $(SQLITE_LIBS) \
	$(JANSSON_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += $(fuzz_registry_targets)
if !ENABLE_FUZZ
TESTS += $(fuzz_registry_targets)
endif

fuzz_registry_ref_SOURCES = tests/fuzz/fuzz-registry-ref.c tests/fuzz/fuzz.h $(fuzz_main)
fuzz_registry_ref_CPPFLAGS = $(AM_CPPFLAGS)
fuzz_registry_ref_LDFLAGS = $(fuzz_ldflags)
fuzz_registry_ref_LDADD = $(fuzz_registry_ldadd)

fuzz_registry_text_SOURCES = tests/fuzz/fuzz-registry-text.c tests/fuzz/fuzz.h $(fuzz_main)
fuzz_registry_text_CPPFLAGS = $(AM_CPPFLAGS)
fuzz_registry_text_LDFLAGS = $(fuzz_ldflags)
fuzz_registry_text_LDADD = $(fuzz_registry_ldadd)
