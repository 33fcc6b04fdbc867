# SPDX-License-Identifier: Apache-2.0
# builder: Dockerfiles to images
noinst_LIBRARIES += libbuilder.a
libbuilder_a_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
libbuilder_a_SOURCES = \
	builder/build.h \
	builder/dockerfile.c builder/dockerfile.h \
	builder/expand.c builder/expand.h \
	builder/ignore.c builder/ignore.h \
	builder/pattern.c \
	builder/words.c
