# SPDX-License-Identifier: Apache-2.0
# The loader.
if HAVE_CMOCKA
check_PROGRAMS += unit-load
TESTS += unit-load
unit_load_SOURCES = tests/unit/test-load.c tests/unit/unit.h
unit_load_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_load_LDADD = libcompose.a libutil.a $(CMOCKA_LIBS) $(YAML_LIBS) $(UTF8PROC_LIBS) $(CRYPTO_LIBS)

check_PROGRAMS += unit-remote
TESTS += unit-remote
unit_remote_SOURCES = tests/unit/test-remote.c tests/unit/unit.h
unit_remote_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_remote_LDADD = libcompose.a libutil.a $(CMOCKA_LIBS) $(YAML_LIBS) $(UTF8PROC_LIBS) $(CRYPTO_LIBS)
endif
