#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# compose-pack's gzip: whatever the length and the kind, gzip gives it back; the bytes don't depend on how many processors there are.
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
need python3
PYTHONDONTWRITEBYTECODE=1 python3 - "$top/tests/layers" "$build/compose-pack" "$work" <<'PYTHON'
import gzip, hashlib, os, random, sys
sys.path.insert(0, sys.argv[1])
from layers import helper
program, work = sys.argv[2:]
random.seed(5)
sha = lambda b: "sha256:" + hashlib.sha256(b).hexdigest()
block = 512 << 10
words = [random.randbytes(9) for _ in range(500)]
text = b"".join(random.choices(words, k=800000))
noise = random.randbytes(200000)
every = os.sched_getaffinity(0)
for n in 0, 1, block - 1, block, block + 1, 2 * block, 2 * block + 1, 7 * block + 5, 13 * block:
    for data in text[:n], random.randbytes(n), b"".join(random.choice((text, noise))[:random.randrange(200000)] for i in range(40))[:n]:
        open(work + "/in", "wb").write(data)
        made = []
        for cpus in {min(every)}, every:
            os.sched_setaffinity(0, cpus)
            a = helper(program, {"op": "compress", "compression": "gzip"}, stdin=work + "/in", out=work + "/out")
            packed = open(work + "/out", "rb").read()
            assert a["diff_id"] == sha(data) and a["digest"] == sha(packed) and a["packed"] == len(packed), (n, a)
            assert gzip.decompress(packed) == data, n
            made.append(packed)
        assert made[0] == made[1], n
        assert len(packed) < len(data) * 0.8 or data[:n] != text[:n] or n < 100, (n, len(packed))
        assert len(packed) <= len(data) + 100 * (len(data) // block + 1) + len(data) // 1000, n
PYTHON
