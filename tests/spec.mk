# SPDX-License-Identifier: Apache-2.0
# Projects of tests/spec and what `compose config` says of them.
AM_TESTS_ENVIRONMENT = COMPOSE_BUILD_DIR='$(abs_builddir)'; export COMPOSE_BUILD_DIR;
TESTS += tests/spec/run.sh
EXTRA_DIST += tests/spec tests/lib.sh
