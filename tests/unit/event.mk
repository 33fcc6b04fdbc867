# SPDX-License-Identifier: Apache-2.0
# Unit tests of src/event.
if HAVE_CMOCKA
event_test_libs = libevent.a libutil.a $(SYSTEMD_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS)
event_unit = unit-task unit-slots unit-child unit-stream unit-http
check_PROGRAMS += $(event_unit)
TESTS += $(event_unit)

unit_task_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_task_SOURCES = tests/unit/test-task.c tests/unit/unit.h
unit_task_LDADD = $(event_test_libs)

unit_slots_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_slots_SOURCES = tests/unit/test-slots.c tests/unit/unit.h
unit_slots_LDADD = $(event_test_libs)

unit_child_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_child_SOURCES = tests/unit/test-child.c tests/unit/unit.h
unit_child_LDADD = $(event_test_libs)

unit_stream_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_stream_SOURCES = tests/unit/test-stream.c tests/unit/unit.h
unit_stream_LDADD = $(event_test_libs)

unit_http_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_http_SOURCES = tests/unit/test-http.c tests/unit/http-peer.c tests/unit/http-peer.h tests/unit/unit.h
unit_http_LDADD = $(event_test_libs)
endif
