# SPDX-License-Identifier: Apache-2.0
# unit tests of builder/
builder_unit = unit-builder-build unit-builder-copy unit-builder-dockerfile unit-builder-expand \
	unit-builder-graph unit-builder-ignore unit-builder-source
check_PROGRAMS += $(builder_unit)
TESTS += $(builder_unit)

builder_test_libs = libbuilder.a libregistry.a libevent.a libutil.a $(SYSTEMD_LIBS) $(SQLITE_LIBS) \
	$(JANSSON_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS) -ldl
builder_test_cppflags = $(AM_CPPFLAGS) $(SQLITE_CFLAGS) $(CMOCKA_CFLAGS)

unit_builder_build_CPPFLAGS = $(builder_test_cppflags)
unit_builder_build_SOURCES = tests/unit/test-builder-build.c
unit_builder_build_LDADD = $(builder_test_libs)
unit_builder_build_DEPENDENCIES = libbuilder.a libregistry.a libevent.a libutil.a compose-pack$(EXEEXT)

unit_builder_copy_CPPFLAGS = $(builder_test_cppflags)
unit_builder_copy_SOURCES = tests/unit/test-builder-copy.c
unit_builder_copy_LDADD = $(builder_test_libs)

unit_builder_dockerfile_CPPFLAGS = $(builder_test_cppflags)
unit_builder_dockerfile_SOURCES = tests/unit/test-builder-dockerfile.c
unit_builder_dockerfile_LDADD = $(builder_test_libs)

unit_builder_expand_CPPFLAGS = $(builder_test_cppflags)
unit_builder_expand_SOURCES = tests/unit/test-builder-expand.c
unit_builder_expand_LDADD = $(builder_test_libs)

unit_builder_graph_CPPFLAGS = $(builder_test_cppflags)
unit_builder_graph_SOURCES = tests/unit/test-builder-graph.c
unit_builder_graph_LDADD = $(builder_test_libs)

unit_builder_ignore_CPPFLAGS = $(builder_test_cppflags)
unit_builder_ignore_SOURCES = tests/unit/test-builder-ignore.c
unit_builder_ignore_LDADD = $(builder_test_libs)

unit_builder_source_CPPFLAGS = $(builder_test_cppflags)
unit_builder_source_SOURCES = tests/unit/test-builder-source.c builder/git/modules.c \
	builder/git/origin.c
unit_builder_source_LDADD = $(builder_test_libs)
