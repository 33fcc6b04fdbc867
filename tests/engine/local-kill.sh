#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of users, shims, monitors and runtimes of the engine inside, at random moments.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
need_root
need crun busybox nft
"$build/engine-kill" "${COMPOSE_KILL_ROUNDS:-25}" >"$work/out" 2>&1 || fail "$(tail -20 "$work/out")"
