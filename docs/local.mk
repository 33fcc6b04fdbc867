# SPDX-License-Identifier: Apache-2.0
# docs: compose-file(5) and docs/SUPPORT.md are made from the table of attributes
noinst_PROGRAMS += gen-reference
gen_reference_CPPFLAGS = $(AM_CPPFLAGS)
gen_reference_SOURCES = docs/attr-text.c docs/gen-man.c docs/gen-reference.c docs/gen-support.c \
	docs/reference.c docs/reference.h
gen_reference_LDADD = libcompose.a libengine.a libevent.a libutil.a \
	$(SYSTEMD_LIBS) $(SQLITE_LIBS) $(YAML_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS) $(UTF8PROC_LIBS) -ldl

man_MANS += compose-file.5
CLEANFILES += compose-file.5
compose-file.5: gen-reference$(EXEEXT) docs/compose-file-head.mdoc docs/compose-file-tail.mdoc
	$(AM_V_GEN)./gen-reference man >$@.new && \
	cat $(srcdir)/docs/compose-file-head.mdoc $@.new $(srcdir)/docs/compose-file-tail.mdoc >$@ && rm -f $@.new

update-docs: gen-reference$(EXEEXT)
	./gen-reference support >$(srcdir)/docs/SUPPORT.md
.PHONY: update-docs

TESTS += tests/docs/floors.sh tests/docs/pages.sh tests/docs/reference.sh
EXTRA_DIST += docs/compose-file-head.mdoc docs/compose-file-tail.mdoc docs/ARCHITECTURE.md docs/BUILDING.md \
	docs/DEPENDENCIES.md docs/SUPPORT.md tests/docs docs/cli.md docs/isolation.md docs/language.md \
	docs/builder.md docs/engine-local.md docs/network.md docs/plan.md docs/registry.md docs/store.md docs/testing.md
