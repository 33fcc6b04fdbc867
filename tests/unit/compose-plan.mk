# SPDX-License-Identifier: Apache-2.0
# Model, plan and executor, on the engine in memory.
if HAVE_CMOCKA
compose_plan_libs = libcompose.a libbuilder.a libengine.a libregistry.a libevent.a libutil.a $(CMOCKA_LIBS) \
	$(SYSTEMD_LIBS) $(SQLITE_LIBS) $(YAML_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS) $(UTF8PROC_LIBS) -ldl
compose_plan_unit = unit-model unit-plan unit-plan-each unit-run
check_PROGRAMS += $(compose_plan_unit)
TESTS += $(compose_plan_unit)

unit_model_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_model_SOURCES = tests/unit/test-model.c tests/unit/plan.h tests/unit/unit.h
unit_model_LDADD = $(compose_plan_libs)

unit_plan_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_plan_SOURCES = tests/unit/test-plan.c tests/unit/plan.h tests/unit/unit.h
unit_plan_LDADD = $(compose_plan_libs)

unit_plan_each_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_plan_each_SOURCES = tests/unit/test-plan-each.c tests/unit/plan.h tests/unit/unit.h
unit_plan_each_LDADD = $(compose_plan_libs)

unit_run_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_run_SOURCES = tests/unit/test-run.c tests/unit/plan.h tests/unit/unit.h
unit_run_LDADD = $(compose_plan_libs)
endif
