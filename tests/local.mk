# SPDX-License-Identifier: Apache-2.0
# tests: unit (cmocka), spec (data), cli and engine (bash), fuzz (corpus replay)
include $(top_srcdir)/tests/unit/builder.mk
include $(top_srcdir)/tests/unit/compose-load.mk
include $(top_srcdir)/tests/unit/cli.mk
include $(top_srcdir)/tests/unit/compose-plan.mk
include $(top_srcdir)/tests/unit/compose-text.mk
include $(top_srcdir)/tests/unit/registry-client.mk
include $(top_srcdir)/tests/fuzz/local.mk
include $(top_srcdir)/tests/fuzz/registry.mk
include $(top_srcdir)/tests/fuzz/builder.mk
include $(top_srcdir)/tests/unit/util.mk
include $(top_srcdir)/tests/unit/event.mk
include $(top_srcdir)/tests/unit/registry-store.mk
include $(top_srcdir)/tests/fuzz/project.mk
include $(top_srcdir)/tests/spec.mk
include $(top_srcdir)/tests/engine/net.mk
include $(top_srcdir)/tests/engine/local.mk
include $(top_srcdir)/tests/unit/net.mk
include $(top_srcdir)/tests/unit/local.mk
