# SPDX-License-Identifier: Apache-2.0
# unit tests of builder/
builder_unit = unit-builder-dockerfile unit-builder-expand unit-builder-ignore
check_PROGRAMS += $(builder_unit)
TESTS += $(builder_unit)

builder_test_libs = libbuilder.a libutil.a $(JANSSON_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS)

unit_builder_dockerfile_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_builder_dockerfile_SOURCES = tests/unit/test-builder-dockerfile.c
unit_builder_dockerfile_LDADD = $(builder_test_libs)

unit_builder_expand_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_builder_expand_SOURCES = tests/unit/test-builder-expand.c
unit_builder_expand_LDADD = $(builder_test_libs)

unit_builder_ignore_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_builder_ignore_SOURCES = tests/unit/test-builder-ignore.c
unit_builder_ignore_LDADD = $(builder_test_libs)
