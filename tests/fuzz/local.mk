# SPDX-License-Identifier: Apache-2.0
# A fuzz target per parser that is fed from outside. With --enable-fuzz (CC=clang) they are libFuzzer programs:
# ./fuzz-yaml -max_total_time=600 CORPUS. Otherwise `make check` replays tests/fuzz/corpus/NAME through each.
fuzz_targets = fuzz-yaml fuzz-interpolate fuzz-dotenv fuzz-ports fuzz-volumes fuzz-quantity
fuzz_text_ldadd = libcompose.a libutil.a $(YAML_LIBS) $(UTF8PROC_LIBS)

check_PROGRAMS += $(fuzz_targets)
if ENABLE_FUZZ
AM_CFLAGS += -fsanitize=fuzzer-no-link
fuzz_main =
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
else
TESTS += $(fuzz_targets)
fuzz_main = tests/fuzz/replay.c
fuzz_ldflags = $(AM_LDFLAGS)
endif

fuzz_yaml_SOURCES = tests/fuzz/fuzz-yaml.c tests/fuzz/fuzz.h $(fuzz_main)
fuzz_yaml_CPPFLAGS = $(AM_CPPFLAGS)
fuzz_yaml_LDFLAGS = $(fuzz_ldflags)
fuzz_yaml_LDADD = $(fuzz_text_ldadd)

fuzz_interpolate_SOURCES = tests/fuzz/fuzz-interpolate.c tests/fuzz/fuzz.h $(fuzz_main)
fuzz_interpolate_CPPFLAGS = $(AM_CPPFLAGS)
fuzz_interpolate_LDFLAGS = $(fuzz_ldflags)
fuzz_interpolate_LDADD = $(fuzz_text_ldadd)

fuzz_dotenv_SOURCES = tests/fuzz/fuzz-dotenv.c tests/fuzz/fuzz.h $(fuzz_main)
fuzz_dotenv_CPPFLAGS = $(AM_CPPFLAGS)
fuzz_dotenv_LDFLAGS = $(fuzz_ldflags)
fuzz_dotenv_LDADD = $(fuzz_text_ldadd)

fuzz_ports_SOURCES = tests/fuzz/fuzz-ports.c tests/fuzz/fuzz.h tests/fuzz/short-form.h $(fuzz_main)
fuzz_ports_CPPFLAGS = $(AM_CPPFLAGS)
fuzz_ports_LDFLAGS = $(fuzz_ldflags)
fuzz_ports_LDADD = $(fuzz_text_ldadd) $(CRYPTO_LIBS)

fuzz_volumes_SOURCES = tests/fuzz/fuzz-volumes.c tests/fuzz/fuzz.h tests/fuzz/short-form.h $(fuzz_main)
fuzz_volumes_CPPFLAGS = $(AM_CPPFLAGS)
fuzz_volumes_LDFLAGS = $(fuzz_ldflags)
fuzz_volumes_LDADD = $(fuzz_text_ldadd) $(CRYPTO_LIBS)

fuzz_quantity_SOURCES = tests/fuzz/fuzz-quantity.c tests/fuzz/fuzz.h $(fuzz_main)
fuzz_quantity_CPPFLAGS = $(AM_CPPFLAGS)
fuzz_quantity_LDFLAGS = $(fuzz_ldflags)
fuzz_quantity_LDADD = libutil.a

EXTRA_DIST += tests/fuzz/corpus
