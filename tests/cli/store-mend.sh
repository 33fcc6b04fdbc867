#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# compose fsck --mend: whatever is damaged or gone comes again from the registry, the very same image though its tag has moved on.
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
need_root
need python3
cd "$work"
export COMPOSE_TEST_ETC=$work/etc DOCKER_CONFIG=$work/docker
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG
mkdir etc docker
start_registry
PYTHONDONTWRITEBYTECODE=1 python3 - "$top/tests/layers" "$registry/team/a:1" <<'PYTHON'
import hashlib, json, os, sys
sys.path.insert(0, sys.argv[1])
from layers import archive, member
sha = lambda b: "sha256:" + hashlib.sha256(b).hexdigest()
for out in "one.tar", "two.tar":
    layers = [archive([member("f%d" % i, data=os.urandom(50000))]) for i in range(2)]
    config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [sha(l) for l in layers]}}).encode()
    files = [member("c.json", data=config)] + [member("%d.tar" % i, data=p) for i, p in enumerate(layers)]
    files.append(member("manifest.json", data=json.dumps([{"Config": "c.json", "RepoTags": [sys.argv[2]], "Layers": ["0.tar", "1.tar"]}]).encode()))
    open(out, "wb").write(archive(files))
PYTHON
image=$registry/team/a:1
for n in one two; do
	compose image load -q "$n.tar"
	compose image push -q "$image" >"$n.digest"
	rm -rf --one-file-system "$COMPOSE_STATE_DIR"
	if [ "$n" = one ]; then
		compose image pull -q "$image" >/dev/null
		mv "$COMPOSE_STATE_DIR" keep
	fi
done
rm -rf --one-file-system "$COMPOSE_STATE_DIR"
state=$COMPOSE_STATE_DIR
id_of() { compose image inspect "$1" | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["Id"])'; }

for damage in \
	'for b in $blobs; do printf x >>$b; done' \
	'for b in $blobs; do rm $b; done' \
	'rm -r $state/layers/*' \
	'echo more >$(ls -d $state/layers/* | head -1)/more' \
	'rm -r $state/layers/* $blobs' \
	'rm $(ls -S $blobs | tail -1)'; do
	rm -rf --one-file-system "$state"
	cp -a keep "$state"
	id=$(id_of "$image")
	blobs=$(ls "$state"/blobs/sha256/*)
	chmod u+w $blobs
	eval "$damage"
	if compose fsck >out 2>&1; then fail "not seen: $damage"; fi
	compose fsck --mend >out 2>&1 || fail "not mended: $damage: $(cat out)"
	want "mended" out
	compose fsck >out 2>&1 || fail "not whole after: $damage: $(cat out)"
	[ "$(id_of "$image")" = "$id" ] || fail "another image after: $damage"
	[ "$(ls "$state"/blobs/sha256/* | wc -l)" = "$(wc -w <<<"$blobs")" ] || fail "not all blobs are back: $damage"
	[ "$(compose image ls -q | wc -l)" = 1 ] || fail "another name: $(compose image ls)"
	compose image tag "$image" "$registry/again/a:1"
	[ "$(compose image push -q "$registry/again/a:1")" = "$(cat one.digest)" ] || fail "another digest after: $damage"
done

# Nobody to ask: that is said, and what is missing stays named.
rm -rf --one-file-system "$state"
cp -a keep "$state"
rm -r "$state"/layers/* "$state"/blobs/sha256/*
rm -r "$work/registry/docker"
if compose fsck --mend >out 2>&1; then fail "mended from nothing"; fi
want "there remain" out
want "$registry/team/a" out
