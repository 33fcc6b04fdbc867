# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libui.a
libui_a_CPPFLAGS = $(AM_CPPFLAGS) $(UTF8PROC_CFLAGS)
libui_a_SOURCES = \
	src/ui/logmux.c src/ui/logmux.h \
	src/ui/progress.c src/ui/progress.h \
	src/ui/prompt.c src/ui/prompt.h \
	src/ui/table.c src/ui/table.h \
	src/ui/term.c src/ui/term.h
