# SPDX-License-Identifier: Apache-2.0
# Unit tests of src/util.
if HAVE_CMOCKA
util_test_libs = libutil.a $(JANSSON_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS)
util_unit = unit-buf unit-str unit-containers unit-num unit-time unit-hash unit-path \
	unit-path-open unit-io unit-json unit-env unit-filenote
check_PROGRAMS += $(util_unit)
TESTS += $(util_unit)

unit_buf_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_buf_SOURCES = tests/unit/test-buf.c tests/unit/unit.h
unit_buf_LDADD = $(util_test_libs)

unit_filenote_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_filenote_SOURCES = tests/unit/test-filenote.c tests/unit/unit.h
unit_filenote_LDADD = $(util_test_libs)

unit_str_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_str_SOURCES = tests/unit/test-str.c tests/unit/unit.h
unit_str_LDADD = $(util_test_libs)

unit_containers_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_containers_SOURCES = tests/unit/test-containers.c tests/unit/unit.h
unit_containers_LDADD = $(util_test_libs)

unit_num_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_num_SOURCES = tests/unit/test-num.c tests/unit/unit.h
unit_num_LDADD = $(util_test_libs)

unit_time_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_time_SOURCES = tests/unit/test-time.c tests/unit/unit.h
unit_time_LDADD = $(util_test_libs)

unit_hash_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_hash_SOURCES = tests/unit/test-hash.c tests/unit/unit.h
unit_hash_LDADD = $(util_test_libs)

unit_path_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_path_SOURCES = tests/unit/test-path.c tests/unit/unit.h
unit_path_LDADD = $(util_test_libs)

unit_path_open_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_path_open_SOURCES = tests/unit/test-path-open.c tests/unit/unit.h
unit_path_open_LDADD = $(util_test_libs)

unit_io_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_io_SOURCES = tests/unit/test-io.c tests/unit/unit.h
unit_io_LDADD = $(util_test_libs)

unit_json_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_json_SOURCES = tests/unit/test-json.c tests/unit/unit.h
unit_json_LDADD = $(util_test_libs)

unit_env_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_env_SOURCES = tests/unit/test-env.c tests/unit/unit.h
unit_env_LDADD = $(util_test_libs)
endif
