# SPDX-License-Identifier: Apache-2.0
# src/util: what every floor above stands on. Of these only hash.c needs libcrypto, and json*.c jansson.
noinst_LIBRARIES += libutil.a
libutil_a_CPPFLAGS = $(AM_CPPFLAGS)
libutil_a_SOURCES = \
	src/util/alloc.c \
	src/util/arena.c src/util/arena.h \
	src/util/banned.h \
	src/util/base64.c src/util/base64.h \
	src/util/buf.c src/util/buf.h \
	src/util/copy.c \
	src/util/digest.c \
	src/util/duration.c \
	src/util/env.c src/util/env.h \
	src/util/error.c src/util/error.h \
	src/util/fd.c src/util/fd.h \
	src/util/filenote.c src/util/filenote.h \
	src/util/glob.c \
	src/util/hash.c src/util/hash.h \
	src/util/io.c src/util/io.h \
	src/util/json.c src/util/json.h \
	src/util/json-decode.c \
	src/util/json-encode.c \
	src/util/json-free.c \
	src/util/json-kind.h \
	src/util/macro.h \
	src/util/map.c src/util/map.h \
	src/util/mkdirs.c \
	src/util/nearest.c \
	src/util/num.c src/util/num.h \
	src/util/path.c src/util/path.h \
	src/util/path-open.c \
	src/util/path-walk.c src/util/path-walk.h \
	src/util/random.c \
	src/util/remove.c \
	src/util/replace.c \
	src/util/str.c src/util/str.h \
	src/util/strv.c src/util/strv.h \
	src/util/time.c src/util/time.h \
	src/util/utf8.c src/util/utf8.h \
	src/util/vec.c src/util/vec.h
