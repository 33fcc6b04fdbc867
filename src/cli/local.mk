# SPDX-License-Identifier: Apache-2.0
bin_PROGRAMS += compose
compose_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
compose_SOURCES = \
	src/cli/cli.c \
	src/cli/cmd-config.c \
	src/cli/cmd-version.c \
	src/cli/cmd.h \
	src/cli/commands.c src/cli/commands.h \
	src/cli/help.c src/cli/help.h \
	src/cli/main.c \
	src/cli/opt.c src/cli/opt.h
compose_LDADD = libcompose.a libbuilder.a liblocal.a libengine.a libregistry.a libui.a libevent.a libutil.a \
	$(SYSTEMD_LIBS) $(SQLITE_LIBS) $(YAML_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS) $(UTF8PROC_LIBS) -ldl
