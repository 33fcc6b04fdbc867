#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# compose-unpack has threads for layers of more than a megabyte: they give what is in them, fail as small ones do, and don't keep the
# program from ending when its input stalls.
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
need_root
need python3
PYTHONDONTWRITEBYTECODE=1 python3 - "$top/tests/layers" "$build/compose-unpack" "$work" <<'PYTHON'
import bz2, gzip, hashlib, lzma, os, random, shutil, sys, threading, time
sys.path.insert(0, sys.argv[1])
from layers import archive, helper, member
program, work = sys.argv[2:]
random.seed(6)
sha = lambda b: "sha256:" + hashlib.sha256(b).hexdigest()
files = {"f%d" % i: random.randbytes(3000) * random.randrange(1, 400) for i in range(12)}
tar = archive([member(name, data=data) for name, data in files.items()])
assert len(tar) > 4 << 20

def unpack(packed, stdin=None, **job):
    if stdin is None:
        stdin = work + "/in"
        open(stdin, "wb").write(packed)
    shutil.rmtree(work + "/out", ignore_errors=True)
    os.mkdir(work + "/out")
    return helper(program, dict(job, op="layer"), stdin=stdin, dir=work + "/out")

for name, pack in ("gzip", lambda b: gzip.compress(b, 1)), ("plain", bytes), ("xz", lambda b: lzma.compress(b, preset=0)), ("bzip2", lambda b: bz2.compress(b, 1)):
    packed = pack(tar)
    a = unpack(packed, diff_id=sha(tar), digest=sha(packed))
    assert a.get("diff_id") == sha(tar) and a["digest"] == sha(packed) and a["size"] == len(tar) and a["compression"] == name, a
    for file, data in files.items():
        assert open(work + "/out/" + file, "rb").read() == data, (name, file)
packed = gzip.compress(tar, 1)
a = unpack(packed + b"what follows belongs to the blob", diff_id=sha(tar))
assert a.get("digest") == sha(packed + b"what follows belongs to the blob"), a
wrong = bytearray(packed)
wrong[-6] ^= 1
for bytes_, job, error in (packed[:-1000], {}, "corrupt"), (bytes(wrong), {}, "corrupt"), (packed, {"diff_id": sha(b"")}, "corrupt"), (packed, {"max_bytes": 3 << 20}, "limit"), (packed, {"max_entries": 9}, "limit"):
    a = unpack(bytes_, **job)
    assert a.get("error") == error, (job, a)

# The layer is found wrong while more of it is to come, and doesn't.
os.mkfifo(work + "/slow")
done = threading.Event()
def feed():
    with open(work + "/slow", "wb", buffering=0) as f:
        try:
            f.write(tar[:-600000])
        except BrokenPipeError:
            pass
        done.wait()
threading.Thread(target=feed).start()
try:
    a = unpack(None, stdin=work + "/slow", max_entries=2)
    assert a.get("error") == "limit", a
finally:
    done.set()
PYTHON
