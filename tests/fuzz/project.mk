# SPDX-License-Identifier: Apache-2.0
# The loader as a whole; tests/fuzz/corpus/project are compose files.
check_PROGRAMS += fuzz-project fuzz-remote
if !ENABLE_FUZZ
TESTS += fuzz-project fuzz-remote
endif
fuzz_project_SOURCES = tests/fuzz/fuzz-project.c tests/fuzz/fuzz.h $(fuzz_main)
fuzz_project_CPPFLAGS = $(AM_CPPFLAGS)
fuzz_project_LDFLAGS = $(fuzz_ldflags)
fuzz_project_LDADD = $(fuzz_text_ldadd) $(CRYPTO_LIBS)

# Files of other machines: a name in the first line, then the file.
fuzz_remote_SOURCES = tests/fuzz/fuzz-remote.c tests/fuzz/fuzz.h $(fuzz_main)
fuzz_remote_CPPFLAGS = $(AM_CPPFLAGS)
fuzz_remote_LDFLAGS = $(fuzz_ldflags)
fuzz_remote_LDADD = $(fuzz_text_ldadd) $(CRYPTO_LIBS)
