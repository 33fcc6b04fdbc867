# SPDX-License-Identifier: Apache-2.0
# src/engine: the contract, and the engine in memory
noinst_LIBRARIES += libengine.a
libengine_a_CPPFLAGS = $(AM_CPPFLAGS)
libengine_a_SOURCES = \
	src/engine/engine.c src/engine/engine.h \
	src/engine/fields.c src/engine/fields.h \
	src/engine/fake.c src/engine/fake.h \
	src/engine/fake-containers.c \
	src/engine/fake-images.c \
	src/engine/fake-private.h \
	src/engine/fake-resources.c \
	src/engine/fake-watch.c
