# SPDX-License-Identifier: Apache-2.0
# builder: Dockerfiles to images
noinst_LIBRARIES += libbuilder.a
libbuilder_a_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
libbuilder_a_SOURCES = \
	builder/build.h \
	builder/chmod.c builder/chmod.h \
	builder/copy.c builder/copy.h \
	builder/copy-file.c builder/copy-file.h \
	builder/digest.c \
	builder/dockerfile.c builder/dockerfile.h \
	builder/expand.c builder/expand.h \
	builder/ignore.c builder/ignore.h \
	builder/instruction.c builder/instruction.h \
	builder/mount.c \
	builder/owner.c \
	builder/pattern.c \
	builder/place.c \
	builder/select.c \
	builder/tree.c builder/tree.h \
	builder/walk.c builder/walk.h \
	builder/words.c
