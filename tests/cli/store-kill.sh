#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Kill -9 of what fills the image store, at random moments: the store is whole afterwards, the next try works, and nothing is left over.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
need_root
need python3
rounds=${COMPOSE_TEST_KILLS:-40}

# An image of three layers, large enough that a kill finds each phase under way.
PYTHONDONTWRITEBYTECODE=1 python3 - "$top/tests/layers" "$work/image.tar" <<'PYTHON'
import gzip, hashlib, json, os, random, sys
sys.path.insert(0, sys.argv[1])
from layers import archive, member
sha = lambda b: "sha256:" + hashlib.sha256(b).hexdigest()
noise = random.Random(1)
layers = [archive([member("l%d/f%d" % (n, i), data=noise.randbytes(3000)) for i in range(800)]) for n in range(3)]
config = json.dumps({"os": "linux", "architecture": "amd64", "config": {}, "rootfs": {"type": "layers", "diff_ids": [sha(l) for l in layers]}}).encode()
packed = [gzip.compress(l, 1, mtime=0) for l in layers]
members = [member("c.json", data=config)] + [member("%d/layer.tar" % i, data=p) for i, p in enumerate(packed)]
members.append(member("manifest.json", data=json.dumps([{"Config": "c.json", "RepoTags": ["kill:1"], "Layers": ["%d/layer.tar" % i for i in range(3)]}]).encode()))
open(sys.argv[2], "wb").write(archive(members))
PYTHON

compose image load "$work/image.tar" >/dev/null
compose image rm kill:1 >/dev/null
began=$(date +%s%N)
compose image load "$work/image.tar" >/dev/null
span=$((($(date +%s%N) - began) / 1000))

for ((i = 0; i < rounds; i++)); do
	compose image rm -f kill:1 >/dev/null
	compose image load "$work/image.tar" >/dev/null 2>&1 &
	pid=$!
	sleep "$(printf '0.%06d' $((RANDOM * 32768 % span + RANDOM % 1000)))"
	# Now and then a helper dies instead of the command.
	if ((i % 4 == 3)) && helper=$(pgrep -P "$pid" compose-unpack | head -1) && [ -n "$helper" ]; then
		kill -9 "$helper" 2>/dev/null || true
	else
		kill -9 "$pid" 2>/dev/null || true
	fi
	wait "$pid" 2>/dev/null || true
	compose fsck >"$work/fsck" || { cat "$work/fsck" >&2; fail "round $i: the store is damaged"; }
done

compose image load "$work/image.tar" >"$work/out"
want "Loaded image: kill:1" "$work/out"
compose image rm kill:1 >/dev/null
compose gc --all --force >/dev/null
[ -z "$(find "$COMPOSE_STATE_DIR/stage" "$COMPOSE_STATE_DIR/layers" "$COMPOSE_STATE_DIR/ingest" -mindepth 1)" ] ||
	fail "something is left over: $(ls -R "$COMPOSE_STATE_DIR")"
