#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The disk fills up at many points of a pull: one clear error, a store that is whole, and the next pull finishes.
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
# shellcheck source=tests/lib-image.sh
source "$(dirname "$0")/../lib-image.sh"
need_root
need python3
cd "$work"
export COMPOSE_TEST_ETC=$work/etc DOCKER_CONFIG=$work/docker
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG
mkdir state
mount -t tmpfs -o size=64m tmpfs state 2>/dev/null || skip "no tmpfs can be mounted here"
at_exit umount "$work/state"
start_registry ""
image=$registry/full/a:1
random_image image.tar "$image" 2 60 20000
compose image load -q -i image.tar
compose image push -q "$image" >/dev/null
used() { df --output=used -k state | tail -1; }
# What a mounted file system holds is removed, not itself.
fresh() { find state -mindepth 1 -delete; }
fresh
compose image pull -q "$image" >/dev/null
full=$(used)
fresh
failures=0
for ((room = 4; room < full + 600; room += full / ${COMPOSE_TEST_SIZES:-20})); do
	fresh
	mount -o remount,size="${room}k" state
	if ! compose image pull -q "$image" >/dev/null 2>err; then
		failures=$((failures + 1))
		grep -qiE "no space|disk is full|full" err || { cat err >&2; fail "room of $room KB: not a word of the full disk"; }
		[ "$(grep -c "^error" err)" = 1 ] || fail "room of $room KB: more than one error: $(cat err)"
	fi
	mount -o remount,size=64m state
	compose fsck >checked 2>&1 || { cat checked >&2; fail "room of $room KB: the store is damaged"; }
	compose image pull -q "$image" >/dev/null 2>err || fail "room of $room KB: the next pull: $(cat err)"
	compose fsck >checked 2>&1 || { cat checked >&2; fail "room of $room KB: the store is damaged by the next pull"; }
done
[ "$failures" -gt 8 ] || fail "the disk was full only $failures times"
