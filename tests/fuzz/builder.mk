# SPDX-License-Identifier: Apache-2.0
# fuzz targets of builder/
fuzz_builder_targets = fuzz-dockerfile fuzz-ignore
check_PROGRAMS += $(fuzz_builder_targets)
if !ENABLE_FUZZ
TESTS += $(fuzz_builder_targets)
endif

fuzz_dockerfile_SOURCES = tests/fuzz/fuzz-dockerfile.c tests/fuzz/fuzz.h $(fuzz_main)
fuzz_dockerfile_CPPFLAGS = $(AM_CPPFLAGS)
fuzz_dockerfile_LDFLAGS = $(fuzz_ldflags)
fuzz_dockerfile_LDADD = libbuilder.a libregistry.a libutil.a $(JANSSON_LIBS) $(CRYPTO_LIBS)

fuzz_ignore_SOURCES = tests/fuzz/fuzz-ignore.c tests/fuzz/fuzz.h $(fuzz_main)
fuzz_ignore_CPPFLAGS = $(AM_CPPFLAGS)
fuzz_ignore_LDFLAGS = $(fuzz_ldflags)
fuzz_ignore_LDADD = libbuilder.a libutil.a $(CRYPTO_LIBS)
