#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A registry that cuts, refuses, lies and leads astray: what is whole gets here, all else is refused and named, and nothing of it
# is kept; credentials go to no other origin.
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
need_root
need python3
cd "$work"
export DOCKER_CONFIG=$work/docker COMPOSE_TEST_ETC=$work/etc
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG
mkdir docker etc
PYTHONDONTWRITEBYTECODE=1 python3 "$top/tests/registry/faults.py" "$work" 2>server.log &
at_exit kill $!
wait_for 10 test -s port
host=127.0.0.1:$(cat port)
printf '{"auths": {"%s": {"auth": "%s"}}}' "$host" "$(printf user:secret | base64)" >docker/config.json

# count PYTHON-EXPRESSION over the requests r
count() {
	python3 -c 'import json,sys
print(sum(1 for r in map(json.loads, open("log")) if eval(sys.argv[1])))' "$1"
}

for repo in plain cut busy once redirect foreign sha512; do
	compose image pull -q "$host/$repo" >out 2>&1 || fail "$repo: $(cat out)"
done
[ "$(count '"/cut/blobs" in r["path"] and r["range"]')" -ge 3 ] || fail "not resumed after a cut"
[ "$(count 'r["other"]')" -ge 2 ] || fail "the redirect was not followed"
[ "$(count 'r["other"] and r["auth"]')" = 0 ] || fail "credentials went to another origin"

# Killed, or stopped by Ctrl-C (at once): nothing of the image is there, and the next pull goes on in the middle of its layer.
halfway() { [ -n "$(find "$COMPOSE_STATE_DIR/ingest" -size +140k)" ]; }
for how in killed:KILL stopped:INT; do
	repo=${how%:*}
	"$build/compose" image pull -q "$host/$repo" >out 2>&1 &
	pid=$!
	wait_for 10 halfway
	kill -"${how#*:}" $pid
	timeout 5 tail --pid=$pid -f /dev/null || fail "$repo: it goes on"
	! wait $pid || fail "$repo: it says that it went well"
	halfway || fail "$repo: what had come is gone"
	! compose image inspect "$host/$repo" >/dev/null 2>&1 || fail "$repo: half an image is there"
	compose image pull -q "$host/$repo" >out 2>&1 || fail "$repo: $(cat out)"
	[ "$(count '"/'"$repo"'/blobs" in r["path"] and (r["range"] or "").startswith("bytes=150000-")')" = 1 ] || fail "$repo: not from the middle"
done

# Two at once: each blob is fetched by one of them.
compose image pull -q "$host/both" >one 2>&1 &
pid=$!
compose image pull -q "$host/both" >two 2>&1 || fail "second of two: $(cat two)"
wait $pid || fail "first of two: $(cat one)"
[ "$(count '"/both/blobs" in r["path"] and r["auth"]')" = 2 ] || fail "two at once: $(grep both log)"

# Layers that are not to be distributed stay where they are.
if command -v docker-registry >/dev/null; then
	REGISTRY_VALIDATION_DISABLED=true start_registry ""
	compose image tag "$host/foreign" "$registry/foreign"
	compose image push -q "$registry/foreign" >out 2>&1 || fail "push of a foreign layer: $(cat out)"
	[ "$(find registry -path '*_layers*' -name link | wc -l)" = 1 ] || fail "a foreign layer was pushed"
fi

must_fail "has the digest" compose image pull "$host/corrupt"
must_fail "bytes" compose image pull "$host/long"
must_fail "bytes" compose image pull "$host/size"
must_fail "sha256:" compose image pull "$host/diffid"
must_fail "neither http nor https" compose image pull "$host/file"
must_fail "redirects" compose image pull "$host/loop"
must_fail "tried 5 times" compose image pull "$host/gone"
must_fail "schema" compose image pull "$host/schema1"
must_fail "$host/deep" compose image pull "$host/deep"
must_fail "$host/nojson" compose image pull "$host/nojson"
must_fail "bytes" compose image pull "$host/large"
must_fail "has the digest" compose image pull "$host/itself"
must_fail "indexes that name indexes" compose image pull "$host/nest"
must_fail "thing.v1+json" compose image pull "$host/othertype"
must_fail "not a container image" compose image pull "$host/artifact"
must_fail "$host/cutmanifest" compose image pull "$host/cutmanifest"
for repo in corrupt long size diffid file loop gone schema1 deep nojson large itself nest othertype artifact cutmanifest; do
	! compose image inspect "$host/$repo" >/dev/null 2>&1 || fail "$repo is in the store"
done
compose fsck >out 2>&1 || fail "fsck: $(cat out)"
! grep -q secret out err || fail "the password is in a message"
