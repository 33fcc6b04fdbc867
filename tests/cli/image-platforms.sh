#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An index of several platforms, with attestations, comes and goes as a whole: pull, save, load, push; each digest stays.
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
need_root
need python3 skopeo
cd "$work"
export COMPOSE_TEST_ETC=$work/etc DOCKER_CONFIG=$work/docker
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG
mkdir etc docker
start_registry

# A layout of three platforms, an attestation of one, and an index in the index.
PYTHONDONTWRITEBYTECODE=1 python3 - "$top/tests/layers" layout <<'PYTHON'
import gzip, hashlib, json, os, sys
sys.path.insert(0, sys.argv[1])
from layers import archive, member
out = sys.argv[2]
os.makedirs(out + "/blobs/sha256")
def blob(data, media, **more):
    h = hashlib.sha256(data).hexdigest()
    open(f"{out}/blobs/sha256/{h}", "wb").write(data)
    return {"mediaType": media, "digest": "sha256:" + h, "size": len(data), **more}
V = "application/vnd.oci.image."
def image(arch, os_="linux"):
    tar = archive([member("arch", data=arch.encode() * 1000)])
    layer = blob(gzip.compress(tar, mtime=0), V + "layer.v1.tar+gzip")
    config = blob(json.dumps({"os": os_, "architecture": arch, "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest()]}}).encode(), V + "config.v1+json")
    m = json.dumps({"schemaVersion": 2, "mediaType": V + "manifest.v1+json", "config": config, "layers": [layer]}, indent=1).encode()
    return blob(m, V + "manifest.v1+json", platform={"os": os_, "architecture": arch})
amd, arm, s390 = image("amd64"), image("arm64"), image("s390x")
statement = blob(b'{"_type":"https://in-toto.io/Statement/v0.1"}', "application/vnd.in-toto+json")
empty = blob(b'{"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:' + statement["digest"][7:].encode() + b'"]}}', V + "config.v1+json")
att = blob(json.dumps({"schemaVersion": 2, "mediaType": V + "manifest.v1+json", "config": empty, "layers": [statement]}).encode(), V + "manifest.v1+json",
           platform={"os": "unknown", "architecture": "unknown"}, annotations={"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": amd["digest"]})
index = blob(json.dumps({"schemaVersion": 2, "mediaType": V + "index.v1+json", "manifests": [amd, arm, att, s390]}, indent=2).encode(), V + "index.v1+json")
json.dump({"schemaVersion": 2, "manifests": [{**index, "annotations": {"org.opencontainers.image.ref.name": "1"}}]}, open(out + "/index.json", "w"))
open(out + "/oci-layout", "w").write('{"imageLayoutVersion":"1.0.0"}')
PYTHON
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
