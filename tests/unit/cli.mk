# SPDX-License-Identifier: Apache-2.0
# Options, and what is shown.
if HAVE_CMOCKA
cli_unit = unit-opt unit-ui
check_PROGRAMS += $(cli_unit)
TESTS += $(cli_unit)

unit_opt_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_opt_SOURCES = tests/unit/test-opt.c tests/unit/unit.h src/cli/opt.c src/cli/opt.h
unit_opt_LDADD = libutil.a $(CMOCKA_LIBS)

unit_ui_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_ui_SOURCES = tests/unit/test-ui.c tests/unit/unit.h
unit_ui_LDADD = libui.a libevent.a libutil.a $(CMOCKA_LIBS) $(SYSTEMD_LIBS) $(JANSSON_LIBS) \
	$(CRYPTO_LIBS) $(UTF8PROC_LIBS)
endif
