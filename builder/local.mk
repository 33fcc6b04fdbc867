# SPDX-License-Identifier: Apache-2.0
# builder: Dockerfiles to images
noinst_LIBRARIES += libbuilder.a
libbuilder_a_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
libbuilder_a_SOURCES = \
	builder/archive.c \
	builder/build.h \
	builder/cache.c \
	builder/cache.h \
	builder/chmod.c \
	builder/chmod.h \
	builder/copy-file.c \
	builder/copy-file.h \
	builder/copy.c \
	builder/copy.h \
	builder/digest.c \
	builder/dockerfile.c \
	builder/dockerfile.h \
	builder/expand.c \
	builder/expand.h \
	builder/fetch.c \
	builder/files.c \
	builder/files.h \
	builder/graph.c \
	builder/graph.h \
	builder/ignore.c \
	builder/ignore.h \
	builder/image.c \
	builder/instruction.c \
	builder/instruction.h \
	builder/lint.c \
	builder/lint.h \
	builder/meta.c \
	builder/mount.c \
	builder/mounts-host.c \
	builder/mounts.c \
	builder/mounts.h \
	builder/owner.c \
	builder/pattern.c \
	builder/place.c \
	builder/ports.c \
	builder/ports.h \
	builder/run.c \
	builder/select.c \
	builder/solve.c \
	builder/solve.h \
	builder/ssh.c \
	builder/stage.c \
	builder/step.c \
	builder/step.h \
	builder/stubs.c \
	builder/tree.c \
	builder/tree.h \
	builder/walk.c \
	builder/walk.h \
	builder/words.c
