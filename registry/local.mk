# SPDX-License-Identifier: Apache-2.0
# registry: references, credentials, transfers, the image store; and the two helpers for layers
noinst_LIBRARIES += libregistry.a
libregistry_a_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
libregistry_a_SOURCES = \
	registry/image.h \
	registry/platform.h \
	registry/ref.h \
	registry/store.h \
	registry/transfer.h
