#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An index of several platforms, with attestations, comes and goes as a whole: pull, save, load, push; each digest stays.
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
# shellcheck source=tests/lib-image.sh
source "$(dirname "$0")/../lib-image.sh"
need_root
need python3 skopeo
cd "$work"
export COMPOSE_TEST_ETC=$work/etc DOCKER_CONFIG=$work/docker
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG
mkdir etc docker
start_registry ""

platform_layout layout
skopeo copy -q --all --dest-tls-verify=false oci:layout:1 "docker://$registry/team/a:1"
raw() { skopeo inspect --raw --tls-verify=false "docker://$1" | sha256sum; }
want_raw=$(raw "$registry/team/a:1")
fresh() { rm -rf --one-file-system "$COMPOSE_STATE_DIR"; }

# One platform alone: its manifest goes on, the index doesn't.
compose image pull -q "$registry/team/a:1" >/dev/null
n=$(find "$COMPOSE_STATE_DIR/blobs" -type f | wc -l)
[ "$n" = 4 ] || fail "$n blobs of one platform"
compose image tag "$registry/team/a:1" "$registry/one/a:1"
compose image push -q "$registry/one/a:1" >/dev/null
! skopeo inspect --raw --tls-verify=false "docker://$registry/one/a:1" | grep -q s390x || fail "an index that is not whole was pushed"

# All of them: also when one is here already.
compose image pull -q --all-platforms "$registry/team/a:1" >/dev/null
n=$(find "$COMPOSE_STATE_DIR/blobs" -type f | wc -l)
[ "$n" = 13 ] || fail "$n blobs of all platforms"
[ "$(find "$COMPOSE_STATE_DIR/layers" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ] || fail "another platform was unpacked"
compose gc -f >/dev/null
compose image tag "$registry/team/a:1" "$registry/two/a:1"
compose image push -q "$registry/two/a:1" >digest
[ "$(raw "$registry/two/a:1")" = "$want_raw" ] || fail "another index was pushed"
[ "$(cut -d: -f2 digest)" = "${want_raw%% *}" ] || fail "another digest was printed"
rm -rf check && skopeo copy -q --all --src-tls-verify=false "docker://$registry/two/a:1" dir:check

# This registry knows no referrers: the attestation is listed under its subject's tag, once.
compose image push -q "$registry/two/a:1" >/dev/null
skopeo inspect --raw --tls-verify=false "docker://$registry/two/a:1" >index.json
subject=$(python3 -c 'import json; print(json.load(open("index.json"))["manifests"][0]["digest"].replace(":", "-"))')
skopeo inspect --raw --tls-verify=false "docker://$registry/two/a:$subject" >referrers.json || fail "no list of referrers"
python3 -c 'import json
att = json.load(open("index.json"))["manifests"][2]
assert json.load(open("referrers.json"))["manifests"] == [{"mediaType": att["mediaType"], "digest": att["digest"], "size": att["size"],
    "artifactType": "application/vnd.in-toto+json", "annotations": {"made": "here"}}]' || fail "$(cat referrers.json)"

# By archive and directory, read by us and by skopeo.
compose image save "$registry/two/a:1" -o all.tar
compose image save "$registry/two/a:1" -o all/
skopeo copy -q --all oci:all dir:check2 || fail "skopeo can't read the layout"
cmp check/manifest.json check2/manifest.json || fail "another index was saved"
for from in all.tar all; do
	fresh
	compose image load -q -i "$from"
	compose image tag "$registry/two/a:1" "$registry/$(echo "$from" | tr . -)/a:1"
	compose image push -q "$registry/$(echo "$from" | tr . -)/a:1" >/dev/null
	[ "$(raw "$registry/$(echo "$from" | tr . -)/a:1")" = "$want_raw" ] || fail "$from: another index was pushed"
done
compose fsck >/dev/null

# Its removal frees all of it.
compose image rm -f "$(compose image ls -q | head -1)" >/dev/null
compose gc -f -a >/dev/null
[ -z "$(find "$COMPOSE_STATE_DIR/blobs" -type f)" ] || fail "something is left over"
must_fail "linux/riscv64" compose image pull --platform linux/riscv64 --all-platforms "$registry/team/a:1"
[ "$(grep "^error" err | grep -o "$registry/team/a:1" | wc -l)" = 1 ] || fail "the name stands there twice: $(cat err)"
