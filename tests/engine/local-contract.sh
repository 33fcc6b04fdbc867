#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The contract of container engines, held by the engine inside.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
need_root
need crun busybox nft
"$build/engine-contract" local >"$work/out" 2>&1 || fail "$(grep -v -e RUN -e OK "$work/out" | tail -40)"
