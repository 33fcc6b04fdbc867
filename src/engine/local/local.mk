# SPDX-License-Identifier: Apache-2.0
# src/engine/local: the engine inside
composelibexec_PROGRAMS += compose-shim

# Static: it starts in half the time, takes a third of the memory, and can be bound into a container as its init.
compose_shim_CPPFLAGS = $(AM_CPPFLAGS)
compose_shim_LDFLAGS = $(AM_LDFLAGS) $(if $(SAN_CFLAGS),,-static)
compose_shim_SOURCES = \
	src/engine/local/cgroup.c src/engine/local/cgroup.h \
	src/engine/local/logfile.c src/engine/local/logfile.h \
	src/engine/local/shim.c src/engine/local/shim.h \
	src/engine/local/shim-attach.c \
	src/engine/local/shim-exec.c \
	src/engine/local/shim-io.c \
	src/engine/local/shim-job.c \
	src/engine/local/shim-mount.c \
	src/engine/local/shim-runtime.c \
	src/engine/local/status.c src/engine/local/status.h
compose_shim_LDADD = libutil.a
