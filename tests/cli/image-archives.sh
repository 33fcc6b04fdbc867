#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# compose image save and load, and what skopeo makes of both: docker archives and OCI layouts, as tars and directories.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
need_root
need python3 skopeo
cd "$work"

PYTHONDONTWRITEBYTECODE=1 python3 - "$top/tests/layers" base.tar <<'PYTHON'
import hashlib, json, sys
sys.path.insert(0, sys.argv[1])
from layers import archive, member
sha = lambda b: "sha256:" + hashlib.sha256(b).hexdigest()
layers = [archive([member("etc", "dir"), member("etc/a", data=b"a\n"), member("etc/b", data=b"b\n"), member("old/x", data=b"x")]),
          archive([member("etc/.wh.a"), member("old/.wh..wh..opq"), member("old/y", data=b"y"), member("l", "symlink", linkname="etc/b"),
                   member("etc/c", data=b"c", mode=0o4755, uid=12, gid=34), member("etc/d", "link", linkname="etc/c"),
                   member("d" * 120 + "/" + "e" * 120, data=b"long")])]
config = json.dumps({"os": "linux", "architecture": "amd64", "created": "2026-01-01T00:00:00Z", "config": {"Env": ["A=b"], "Cmd": ["sh"]},
                     "rootfs": {"type": "layers", "diff_ids": [sha(l) for l in layers]}}).encode()
members = [member("c.json", data=config)] + [member("%d/layer.tar" % i, data=p) for i, p in enumerate(layers)]
members.append(member("manifest.json", data=json.dumps([{"Config": "c.json", "RepoTags": ["base:1", "127.0.0.1:5000/other/base:x"], "Layers": ["0/layer.tar", "1/layer.tar"]}]).encode()))
open(sys.argv[2], "wb").write(archive(members))
PYTHON

id_of() { compose image inspect "$1" | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["Id"])'; }
compose image load -i base.tar >out
want "Loaded image: base:1" out
want "Loaded image: 127.0.0.1:5000/other/base:x" out
id=$(id_of base:1)

# As others write them.
skopeo copy -q docker-archive:base.tar:base:1 docker-archive:skopeo.tar:by/skopeo:1
skopeo copy -q docker-archive:base.tar:base:1 oci-archive:oci.tar:by/oci:1
skopeo copy -q docker-archive:base.tar:base:1 oci:layout:by/layout:1
mkdir unpacked
tar -xf skopeo.tar -C unpacked
gzip -k skopeo.tar
for from in skopeo.tar skopeo.tar.gz oci.tar layout unpacked; do compose image load "$from" >/dev/null; done
compose image load <oci.tar >/dev/null
diff_ids() { compose image inspect "$1" | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["RootFS"]["Layers"])'; }
for name in by/skopeo:1 by/oci:1 by/layout:1; do
	[ "$(diff_ids "$name")" = "$(diff_ids base:1)" ] || fail "$name has other layers"
done

# As we write them.
compose image save base:1 -o docker.tar
compose image save base:1 127.0.0.1:5000/other/base:x by/oci:1 >several.tar
compose image save --format oci base:1 -o ours.tar
compose image save --format oci base:1 -o ours/
compose image save base:1 -o again.tar
cmp docker.tar again.tar || fail "two saves differ"
for from in docker-archive:docker.tar docker-archive:several.tar:base:1 oci-archive:ours.tar oci:ours oci-archive:docker.tar; do
	skopeo inspect --config "$from" >config.json || fail "skopeo can't read $from"
	want '"A=b"' config.json
	rm -rf check
	skopeo copy -q "$from" dir:check || fail "skopeo can't copy $from"
done

# There and back: the same image.
compose image rm -f "$id" >/dev/null
compose gc --all --force >/dev/null
for from in docker.tar several.tar ours.tar ours; do
	compose image load "$from" >/dev/null
	[ "$(id_of base:1)" = "$id" ] || fail "$from: another id"
	compose image rm base:1 >/dev/null
done
compose fsck >/dev/null

# What is none.
bad() {
	local why=$1
	shift
	if compose image load "$@" >out 2>&1; then fail "loaded: $*"; fi
	want "$why" out
}
echo nothing >text
mkdir empty
echo '[{"Config":"../../etc/passwd","Layers":[]}]' >empty/manifest.json
bad "not a tar archive" text
bad "manifest.json" empty
bad "No such file" missing.tar
rm -r empty && mkdir empty
bad "neither" empty
head -c 20000 skopeo.tar >cut.tar
bad "" cut.tar
[ -z "$(ls "$COMPOSE_STATE_DIR/stage")" ] || fail "something is left over"
