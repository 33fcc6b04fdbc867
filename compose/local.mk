# SPDX-License-Identifier: Apache-2.0
# compose: files to a project, a project to a plan, a plan to steps
noinst_LIBRARIES += libcompose.a
libcompose_a_CPPFLAGS = $(AM_CPPFLAGS) $(YAML_CFLAGS) $(UTF8PROC_CFLAGS)
libcompose_a_SOURCES = \
	compose/cast.c \
	compose/dotenv-value.c compose/dotenv-value.h \
	compose/dotenv.c compose/dotenv.h \
	compose/finding.c compose/finding.h \
	compose/goformat.c \
	compose/interpolate-tree.c \
	compose/interpolate.c compose/interpolate.h \
	compose/keyorder.c \
	compose/load.h \
	compose/node.c compose/node.h \
	compose/runes.c compose/runes.h \
	compose/shellwords.c compose/shellwords.h \
	compose/source.c \
	compose/variables.c \
	compose/write-json.c \
	compose/write-yaml.c compose/write.h \
	compose/yaml-members.c compose/yaml-members.h \
	compose/yaml-resolve.c \
	compose/yaml.c compose/yaml.h
