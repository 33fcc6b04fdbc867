#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each call of a pull that writes to the store fails in turn with ENOSPC, for once and from then on: one clear error or none, a store
# that is whole, and a next pull that finishes and asks for nothing that was complete. COMPOSE_TEST_ENOSPC: how many calls, or "all".
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
# shellcheck source=tests/lib-image.sh
source "$(dirname "$0")/../lib-image.sh"
need_root
need python3 disk-full
cd "$work"
export COMPOSE_TEST_ETC=$work/etc DOCKER_CONFIG=$work/docker REGISTRY_LOG_ACCESSLOG_DISABLED=false
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG
mkdir -p state
if mount -t tmpfs -o size=64m tmpfs state 2>/dev/null; then at_exit umount "$work/state"; fi
fresh() { find state -mindepth 1 -delete; }
start_registry ""
image=$registry/full/each:1
random_image image.tar "$image" 2 12 3000
compose image load -q -i image.tar
compose image push -q "$image" >/dev/null
fresh
status=0
disk-full "$work/state" 0 count compose image pull -q "$image" >/dev/null || status=$?
[ "$status" != 77 ] || skip "the kernel has no seccomp notifications here"
[ "$status" = 0 ] || fail "a pull that is watched"
total=$(<count)
[ "$total" -gt 100 ] || fail "only $total calls were seen"

# Digests whose rows are there: whole and verified.
complete() {
	python3 -c 'import os, sqlite3, sys
if os.path.exists(sys.argv[1]):
	try:
		for row in sqlite3.connect(sys.argv[1]).execute("SELECT digest FROM blobs"): print(row[0])
	except sqlite3.OperationalError: pass # not even its tables' "$COMPOSE_STATE_DIR/state.db"
}

points=${COMPOSE_TEST_ENOSPC:-12}
[ "$points" != all ] || points=$total
failures=0
one() { # N, or N+
	local at="call $1 of $total" digest
	fresh
	if ! disk-full "$work/state" "$1" count compose image pull -q "$image" >/dev/null 2>err; then
		failures=$((failures + 1))
		grep -qiE "no space|disk is full" err || { cat err >&2; fail "$at: not a word of the full disk"; }
		[ "$(grep -c "^error" err)" = 1 ] || fail "$at: not one error: $(cat err)"
	fi
	compose fsck >checked 2>&1 || { cat checked >&2; fail "$at: the store is damaged"; }
	complete >digests
	: >registry.log
	compose image pull -q "$image" >out 2>&1 || fail "$at: the next pull: $(cat out)"
	while read -r digest; do
		! grep -q "GET /v2/full/each/blobs/$digest" registry.log || fail "$at: $digest was complete, and fetched again"
	done <digests
	compose fsck >checked 2>&1 || { cat checked >&2; fail "$at: damaged after the next pull"; }
}
for ((i = 0; i < points; i++)); do
	n=$((1 + (2 * i + 1) * total / (2 * points)))
	[ "$points" != "$total" ] || n=$((i + 1))
	one "$n"
	one "$n+"
done
[ "$failures" -ge "$points" ] || fail "only $failures of $((2 * points)) pulls failed"
compose image rm "$image" >/dev/null
compose gc --all --force >/dev/null
[ -z "$(find state/{stage,layers,ingest,blobs} -type f)" ] || fail "left over: $(ls -R state)"
