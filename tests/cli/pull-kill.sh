#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Kill -9 of a pull, or of a helper of it, at random moments (COMPOSE_TEST_PULL_KILLS of them): the store is whole, the next pull
# finishes and asks for nothing that was complete.
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
# shellcheck source=tests/lib-image.sh
source "$(dirname "$0")/../lib-image.sh"
need_root
need python3
cd "$work"
export COMPOSE_TEST_ETC=$work/etc DOCKER_CONFIG=$work/docker REGISTRY_LOG_ACCESSLOG_DISABLED=false
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG
# In memory, where it can be: each round syncs, and what others have written to a disk is no part of this.
mkdir -p state
if mount -t tmpfs -o size=256m tmpfs state 2>/dev/null; then at_exit umount "$work/state"; fi
fresh() { find state -mindepth 1 -delete; }
rounds=${COMPOSE_TEST_PULL_KILLS:-100}
start_registry ""
image=$registry/kill/a:1
random_image image.tar "$image" 3 300 4000
compose image load -q -i image.tar
compose image push -q "$image" >/dev/null
fresh
began=$(date +%s%N)
compose image pull -q "$image" >/dev/null
span=$((($(date +%s%N) - began) / 1000))
complete() {
	python3 -c 'import os, sqlite3, sys
if os.path.exists(sys.argv[1]):
	try:
		for row in sqlite3.connect(sys.argv[1]).execute("SELECT digest FROM blobs"): print(row[0])
	except sqlite3.OperationalError: pass # not even its tables' "$COMPOSE_STATE_DIR/state.db"
}

cut=0
for ((i = 0; i < rounds; i++)); do
	((i == 0 || i % 100)) || echo "after $i rounds, $cut of them cut: whole" >&2
	fresh
	compose image pull -q "$image" >/dev/null 2>&1 &
	pid=$!
	sleep "$(printf '0.%06d' $((RANDOM * 32768 % span + RANDOM % 1000)))"
	if ((i % 4 == 3)) && helper=$(pgrep -P "$pid" compose-unpack | head -1) && [ -n "$helper" ]; then
		kill -9 "$helper" 2>/dev/null || :
	else
		kill -9 "$pid" 2>/dev/null || :
	fi
	wait "$pid" 2>/dev/null || cut=$((cut + 1))
	compose fsck >checked || { cat checked >&2; fail "round $i: the store is damaged"; }
	complete >digests
	: >registry.log
	compose image pull -q "$image" >out 2>&1 || fail "round $i: the next pull: $(cat out)"
	while read -r digest; do
		! grep -q "GET /v2/kill/a/blobs/$digest" registry.log || fail "round $i: $digest was complete, and fetched again"
	done <digests
	((i % 10)) || compose fsck >checked || { cat checked >&2; fail "round $i: damaged after the next pull"; }
done
[ "$cut" -ge $((rounds / 4)) ] || fail "only $cut of $rounds were cut"
compose image rm "$image" >/dev/null
compose gc --all --force >/dev/null
[ -z "$(find "$COMPOSE_STATE_DIR"/{stage,layers,ingest,blobs} -type f)" ] || fail "left over: $(ls -R "$COMPOSE_STATE_DIR")"
