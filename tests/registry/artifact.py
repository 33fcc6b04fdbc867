#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""artifact.py REGISTRY REPOSITORY TAG... <JSON: puts OCI artifacts there, whatever they are, one for each tag; prints
their manifests' digests.

{"artifactType": ..., "config": media type, "layers": [{"type": ..., "text": ..., "annotations": {...}, and what is
wrong: "digest", "size"}], "raw": a whole manifest in place of these, "index": true: as the member of an index}"""
import hashlib
import json
import sys
import urllib.request

registry, repository, *tags = sys.argv[1:]
base = f"http://{registry}/v2/{repository}"


def call(method, url, data=None, content=None):
    request = urllib.request.Request(url, data=data, method=method)
    if content:
        request.add_header("Content-Type", content)
    return urllib.request.urlopen(request)


here = set()


def blob(data):
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    if digest in here:
        return digest
    here.add(digest)
    where = call("POST", f"{base}/blobs/uploads/", b"").headers["Location"]
    call("PUT", where + ("&" if "?" in where else "?") + "digest=" + digest, data, "application/octet-stream")
    return digest


def manifest(document, name):
    data = json.dumps(document).encode()
    call("PUT", f"{base}/manifests/{name}", data, document["mediaType"])
    return "sha256:" + hashlib.sha256(data).hexdigest(), len(data)


kind = "application/vnd.oci.image.manifest.v1+json"


def put(tag, spec):
    document = spec.get("raw") or {
        "schemaVersion": 2, "mediaType": kind,
        "artifactType": spec.get("artifactType", "application/vnd.docker.compose.project"),
        "config": {"mediaType": spec.get("config", "application/vnd.oci.empty.v1+json"), "digest": blob(b"{}"), "size": 2},
        "layers": [{"mediaType": layer.get("type", "application/vnd.docker.compose.file+yaml"),
                    "digest": layer.get("digest") or blob(layer["text"].encode()),
                    "size": layer.get("size", len(layer.get("text", "").encode())),
                    "annotations": layer.get("annotations", {})} for layer in spec["layers"]],
    }
    if not document.get("artifactType", "-"):
        del document["artifactType"]
    if spec.get("index"):
        digest, size = manifest(document, "member")
        member = {"mediaType": kind, "digest": digest, "size": size, "artifactType": document["artifactType"]}
        document = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [member]}
    print(manifest(document, tag)[0])


text, decoder = sys.stdin.read().strip(), json.JSONDecoder()
for name in tags:
    one, end = decoder.raw_decode(text)
    text = text[end:].lstrip()
    put(name, one)
