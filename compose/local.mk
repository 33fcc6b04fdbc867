# SPDX-License-Identifier: Apache-2.0
# compose: files to a project, a project to a plan, a plan to steps
noinst_LIBRARIES += libcompose.a
libcompose_a_CPPFLAGS = $(AM_CPPFLAGS) $(YAML_CFLAGS) $(UTF8PROC_CFLAGS) $(SQLITE_CFLAGS)
libcompose_a_SOURCES = \
	compose/cast.c \
	compose/difference.c \
	compose/dotenv-value.c compose/dotenv-value.h \
	compose/dotenv.c compose/dotenv.h \
	compose/finding.c compose/finding.h \
	compose/goformat.c \
	compose/interpolate-tree.c \
	compose/interpolate.c compose/interpolate.h \
	compose/keyorder.c \
	compose/load.h \
	compose/model-parts.c \
	compose/model-read.c \
	compose/model-service.c \
	compose/model.c compose/model.h \
	compose/node.c compose/node.h \
	compose/plan-down.c \
	compose/plan-each.c \
	compose/plan-images.c \
	compose/plan-up.c \
	compose/plan.c compose/plan.h \
	compose/run-step.c compose/run-step.h \
	compose/run-wait.c \
	compose/run.c compose/run.h \
	compose/runes.c compose/runes.h \
	compose/shellwords.c compose/shellwords.h \
	compose/source.c \
	compose/variables.c \
	compose/world.c \
	compose/write-json.c \
	compose/write-yaml.c compose/write.h \
	compose/yaml-members.c compose/yaml-members.h \
	compose/yaml-resolve.c \
	compose/yaml.c compose/yaml.h
