# SPDX-License-Identifier: Apache-2.0
bin_PROGRAMS += compose
compose_CPPFLAGS = $(AM_CPPFLAGS)
compose_SOURCES = src/cli/main.c
compose_LDADD = libutil.a
