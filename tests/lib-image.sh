# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced after lib.sh.
#
#   random_image FILE NAME LAYERS FILES BYTES   a docker archive of layers of FILES files of random bytes
#   platform_layout DIR                         an OCI layout, tag 1: an index of three platforms and an attestation

# shellcheck disable=SC2154 # top is lib.sh's
random_image() {
	PYTHONDONTWRITEBYTECODE=1 python3 - "$top/tests/layers" "$@" <<-'PYTHON'
		import hashlib, json, os, sys
		sys.path.insert(0, sys.argv[1])
		from layers import archive, member
		out, name, n, files, size = sys.argv[2], sys.argv[3], *map(int, sys.argv[4:])
		sha = lambda b: "sha256:" + hashlib.sha256(b).hexdigest()
		layers = [archive([member("l%d/f%d" % (i, k), data=os.urandom(size)) for k in range(files)]) for i in range(n)]
		config = json.dumps({"os": "linux", "architecture": "amd64", "config": {"Cmd": ["sh"]},
		                     "rootfs": {"type": "layers", "diff_ids": [sha(l) for l in layers]}}).encode()
		members = [member("c.json", data=config)] + [member("%d.tar" % i, data=p) for i, p in enumerate(layers)]
		members.append(member("manifest.json", data=json.dumps([{"Config": "c.json", "RepoTags": [name],
		                       "Layers": ["%d.tar" % i for i in range(n)]}]).encode()))
		open(out, "wb").write(archive(members))
	PYTHON
}

platform_layout() {
	PYTHONDONTWRITEBYTECODE=1 python3 "$top/tests/layers/platforms.py" "$1"
}
