#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A full disk is one clear error, and the store is whole: at whatever moment the space runs out.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
need_root
need python3
mkdir "$work/state"
mount -t tmpfs -o size=64m tmpfs "$work/state" 2>/dev/null || skip "no tmpfs can be mounted here"
at_exit umount "$work/state"

PYTHONDONTWRITEBYTECODE=1 python3 - "$top/tests/layers" "$work/image.tar" <<'PYTHON'
import hashlib, json, random, sys
sys.path.insert(0, sys.argv[1])
from layers import archive, member
sha = lambda b: "sha256:" + hashlib.sha256(b).hexdigest()
noise = random.Random(2)
layers = [archive([member("l%d/f%d" % (n, i), data=noise.randbytes(20000)) for i in range(100)]) for n in range(3)]
config = json.dumps({"os": "linux", "architecture": "amd64", "config": {}, "rootfs": {"type": "layers", "diff_ids": [sha(l) for l in layers]}}).encode()
members = [member("c.json", data=config)] + [member("%d/layer.tar" % i, data=p) for i, p in enumerate(layers)]
members.append(member("manifest.json", data=json.dumps([{"Config": "c.json", "RepoTags": ["full:1"], "Layers": ["%d/layer.tar" % i for i in range(3)]}]).encode()))
open(sys.argv[2], "wb").write(archive(members))
PYTHON

compose image load "$work/image.tar" >/dev/null
full=$(df --output=used -k "$work/state" | tail -1)
compose image rm full:1 >/dev/null
compose gc --all --force >/dev/null
empty=$(df --output=used -k "$work/state" | tail -1)

failures=0
for ((room = empty + 64; room < full + 1024; room += (full - empty) / 12)); do
	mount -o remount,size="${room}k" "$work/state"
	if ! compose image load "$work/image.tar" >/dev/null 2>"$work/err"; then
		failures=$((failures + 1))
		grep -qi "no space" "$work/err" || { cat "$work/err" >&2; fail "not a word of the full disk"; }
	fi
	mount -o remount,size=64m "$work/state"
	compose fsck >"$work/fsck" || { cat "$work/fsck" >&2; fail "room of $room KB: the store is damaged"; }
	compose image rm -f full:1 >/dev/null
	compose gc --all --force >/dev/null
	[ -z "$(find "$work/state/stage" "$work/state/layers" -mindepth 1)" ] || fail "something is left over"
done
[ "$failures" -gt 3 ] || fail "the disk was never full"
compose image load "$work/image.tar" >/dev/null
