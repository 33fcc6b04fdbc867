#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""platforms.py DIR: an OCI layout of one image, tag 1, for amd64, arm64 and s390x, with an attestation of the first, its subject."""
import gzip, hashlib, json, os, sys

from layers import archive, member

out = sys.argv[1]
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
att = blob(json.dumps({"schemaVersion": 2, "mediaType": V + "manifest.v1+json", "config": empty, "layers": [statement],
                       "artifactType": "application/vnd.in-toto+json", "annotations": {"made": "here"},
                       "subject": {k: amd[k] for k in ("mediaType", "digest", "size")}}).encode(), V + "manifest.v1+json",
           platform={"os": "unknown", "architecture": "unknown"}, annotations={"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": amd["digest"]})
index = blob(json.dumps({"schemaVersion": 2, "mediaType": V + "index.v1+json", "manifests": [amd, arm, att, s390]}, indent=2).encode(), V + "index.v1+json")
json.dump({"schemaVersion": 2, "manifests": [{**index, "annotations": {"org.opencontainers.image.ref.name": "1"}}]}, open(out + "/index.json", "w"))
open(out + "/oci-layout", "w").write('{"imageLayoutVersion":"1.0.0"}')
