# SPDX-License-Identifier: Apache-2.0
"""A registry that misbehaves as the repository's name says, for tests/cli/registry-faults.sh.

faults.py OUT: writes its port to OUT/port; logs each request as a line of JSON to OUT/log. It wants the password of user:secret. A second port is
another host to a client: blobs of `redirect` lie there, and credentials must not come."""
import base64, hashlib, http.server, io, json, os, select, sys, tarfile, threading

OUT = sys.argv[1]
AUTH = "Basic " + base64.b64encode(b"user:secret").decode()
OCI = "application/vnd.oci.image."
LOCK = threading.Lock()
SEEN = {}


def digest(data, kind="sha256"):
    return kind + ":" + hashlib.new(kind, data).hexdigest()


def layer(seed):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("f")
        info.size = 300000
        tar.addfile(info, io.BytesIO(hashlib.shake_128(seed.encode()).digest(300000)))
    return out.getvalue()


def image(repo):
    """Its blobs by digest, and its manifest."""
    kind = "sha512" if repo == "sha512" else "sha256"
    tar = layer(repo)
    config = json.dumps({"os": "linux", "architecture": "amd64", "config": {}, "rootfs": {"type": "layers",
                         "diff_ids": [digest(b"else" if repo == "diffid" else tar)]}}).encode()
    size = len(tar) + (1 if repo == "size" else 0)
    manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
                "config": {"mediaType": OCI + "config.v1+json", "digest": digest(config), "size": len(config)},
                "layers": [{"mediaType": OCI + "layer.v1.tar", "digest": digest(tar, kind), "size": size}]}
    if repo == "foreign":
        manifest["layers"][0].update(mediaType=OCI + "layer.nondistributable.v1.tar", urls=[
            "http://127.0.0.1:%d/v2/nothing/blobs/x" % PORTS[1], "http://127.0.0.1:%d/v2/foreign/blobs/%s" % (PORTS[1], digest(tar))])
    return {digest(config): config, digest(tar, kind): tar}, json.dumps(manifest).encode()


def index(member, size):
    return json.dumps({"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [
        {"mediaType": OCI + "index.v1+json", "digest": member, "size": size, "platform": {"os": "linux", "architecture": "amd64"}}]}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    other = False

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", cut=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.close_connection = True

    def stall(self, data, seconds=60):
        """Half of it, then nothing until the client has gone, or for some time."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:150000])
        if select.select([self.connection], [], [], seconds)[0]:
            self.close_connection = True
        else:
            self.wfile.write(data[150000:])

    def manifest(self, repo, name):
        data, kind = image(repo)[1], OCI + "manifest.v1+json"
        if repo == "schema1":
            data, kind = b'{"schemaVersion": 1, "name": "x"}', "application/vnd.docker.distribution.manifest.v1+prettyjws"
        if repo == "deep":
            data = b'{"a":' * 100000
        if repo == "large":
            data = b" " * (100 << 20)
        if repo == "nojson":
            data = b"<html>"
        if repo == "othertype":
            data = data.replace(b"image.manifest.v1+json", b"thing.v1+json", 1)
        if repo == "artifact":
            data = data.replace(b"image.config.v1+json", b"empty.v1+json", 1)
        if repo == "itself": # whatever digest is asked for, the same index comes
            data, kind = index(digest(b"no index can hold its own digest"), 400), OCI + "index.v1+json"
        if repo == "nest":
            known = {}
            inner = data
            for _ in range(6):
                known[digest(inner)] = inner
                inner = index(digest(inner), len(inner))
            data, kind = known.get(name, inner), OCI + "index.v1+json"
        if repo == "cutmanifest":
            return self.answer(200, data, cut=50, Content_Type=kind)
        self.answer(200, data, Content_Type=kind)

    def blob(self, repo, name, times):
        data = image(repo)[0].get(name)
        if data is None:
            return self.answer(404)
        big = len(data) > 10000
        start = int(self.headers["Range"][6:].split("-")[0]) if self.headers["Range"] else 0
        if repo == "redirect" and not self.other:
            return self.answer(307, Location="http://127.0.0.1:%d%s" % (PORTS[1], self.path))
        if repo == "foreign" and big and not self.other:
            return self.answer(404)
        if repo == "file":
            return self.answer(307, Location="file:///etc/passwd")
        if repo == "loop":
            return self.answer(307, Location=self.path)
        if repo == "busy" and times == 1:
            return self.answer(429, Retry_After="1")
        if repo == "gone" and big:
            return self.answer(503)
        if repo == "corrupt" and big:
            data = data[:5000] + bytes([data[5000] ^ 1]) + data[5001:]
        if repo == "once" and big and times == 1:
            data = data[:5000] + bytes([data[5000] ^ 1]) + data[5001:]
        if repo == "long" and big:
            data += b"more"
        if repo in ("killed", "stopped") and big and times == 1:
            return self.stall(data)
        if repo == "both" and big:
            return self.stall(data, 1.5)
        if repo == "cut" and big and times < 4:
            end = min(start + 100000, len(data))
            return self.answer(206 if start else 200, data[start:], cut=end - start,
                               Content_Range="bytes %d-%d/%d" % (start, len(data) - 1, len(data)))
        if start:
            return self.answer(206, data[start:], Content_Range="bytes %d-%d/%d" % (start, len(data) - 1, len(data)))
        self.answer(200, data)

    def do_GET(self):
        with LOCK:
            times = SEEN[(self.other, self.path)] = SEEN.get((self.other, self.path), 0) + 1
            with open(OUT + "/log", "a") as log:
                log.write(json.dumps({"other": self.other, "method": self.command, "path": self.path,
                                      "range": self.headers["Range"], "auth": "Authorization" in self.headers}) + "\n")
        if not self.other and self.headers["Authorization"] != AUTH:
            return self.answer(401, WWW_Authenticate='Basic realm="test"')
        parts = self.path.split("/")
        if len(parts) != 5:
            return self.answer(404)
        if parts[3] == "manifests":
            return self.manifest(parts[2], parts[4])
        # the first try had no credentials
        self.blob(parts[2], parts[4], times)

    do_HEAD = do_GET


class Other(Handler):
    other = True


def serve(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever).start()
    return server.server_address[1]


PORTS = [serve(Handler), serve(Other)]
with open(OUT + "/port.new", "w") as file:
    file.write(str(PORTS[0]))
os.rename(OUT + "/port.new", OUT + "/port")
