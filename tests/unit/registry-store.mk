# SPDX-License-Identifier: Apache-2.0
if HAVE_CMOCKA
check_PROGRAMS += unit-image unit-store
TESTS += unit-image unit-store
store_test_libs = libregistry.a libevent.a libutil.a $(SQLITE_LIBS) $(SYSTEMD_LIBS) \
	$(JANSSON_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS) -ldl

unit_image_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_image_SOURCES = tests/unit/test-image.c tests/unit/unit.h
unit_image_LDADD = $(store_test_libs)

unit_store_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(SQLITE_CFLAGS)
unit_store_SOURCES = tests/unit/test-store.c tests/unit/store-common.c tests/unit/store-common.h \
	tests/unit/unit.h
unit_store_LDADD = $(store_test_libs)
# They are looked for beside the program.
EXTRA_unit_store_DEPENDENCIES = compose-unpack$(EXEEXT) compose-pack$(EXEEXT)
endif

# For tests/cli/pull-full-each.sh.
check_PROGRAMS += disk-full
disk_full_SOURCES = tests/registry/disk-full.c
disk_full_LDADD = libutil.a

EXTRA_DIST += tests/layers/hostile.py tests/layers/layers.py
