# SPDX-License-Identifier: Apache-2.0
# The text layer of the language.
if HAVE_CMOCKA
compose_text_ldadd = libcompose.a libutil.a $(CMOCKA_LIBS) $(YAML_LIBS) $(UTF8PROC_LIBS)

check_PROGRAMS += unit-yaml
TESTS += unit-yaml
unit_yaml_SOURCES = tests/unit/test-yaml.c tests/unit/compose-text.h
unit_yaml_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_yaml_LDADD = $(compose_text_ldadd)

check_PROGRAMS += unit-interpolate
TESTS += unit-interpolate
unit_interpolate_SOURCES = tests/unit/test-interpolate.c tests/unit/compose-text.h
unit_interpolate_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_interpolate_LDADD = $(compose_text_ldadd)

check_PROGRAMS += unit-dotenv
TESTS += unit-dotenv
unit_dotenv_SOURCES = tests/unit/test-dotenv.c tests/unit/compose-text.h
unit_dotenv_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_dotenv_LDADD = $(compose_text_ldadd)

check_PROGRAMS += unit-write
TESTS += unit-write
unit_write_SOURCES = tests/unit/test-write.c tests/unit/compose-text.h
unit_write_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_write_LDADD = $(compose_text_ldadd)
endif
