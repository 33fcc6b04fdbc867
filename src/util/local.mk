# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libutil.a
libutil_a_CPPFLAGS = $(AM_CPPFLAGS)
libutil_a_SOURCES = \
	src/util/alloc.c \
	src/util/banned.h \
	src/util/error.c src/util/error.h \
	src/util/macro.h
