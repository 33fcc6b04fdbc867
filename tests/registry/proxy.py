# SPDX-License-Identifier: Apache-2.0
"""A proxy before a real registry that breaks uploads and answers as the repository's name says, for tests/cli/registry-uploads.sh.

proxy.py OUT HOST:PORT: writes its port to OUT/port; logs each request as a line of JSON to OUT/log. A second port, OUT/other, is another
origin to a client, with the same registry behind it."""
import gzip, http.client, http.server, json, os, socket, struct, sys, threading

OUT, UPSTREAM = sys.argv[1:3]
LOCK = threading.Lock()
SEEN = {}
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LARGE = 1 << 20


class Cut(Exception):
    pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    other = False

    def log_message(self, *args):
        pass

    def times(self, what):
        """How often this has been asked, this time included."""
        with LOCK:
            SEEN[self.repo, what] = SEEN.get((self.repo, what), 0) + 1
            return SEEN[self.repo, what]

    def cut(self, after, forward):
        """Takes the first bytes of a body, hands them on or not, and breaks the connection."""
        data = self.rfile.read(after)
        if forward:
            up = http.client.HTTPConnection(UPSTREAM)
            up.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                up.putheader(name, value)
            up.endheaders(data)
            up.close()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        raise Cut

    def breaks(self, size):
        """A status that is answered in place of the registry's, or None."""
        repo, send = self.repo, self.command in ("PUT", "PATCH") and "/uploads/" in self.path and size > 1000
        if "mount=" in self.path and repo != "mount":
            return 404
        if repo in ("cut", "lost", "real") and send and self.times("send") == 1:
            self.cut(100000, repo == "real")
        if repo == "cutchunk" and self.command == "PATCH" and self.times("patch") == 2:
            self.cut(100000, False)
        if repo == "never" and send:
            self.cut(1000, False)
        if repo == "lost" and self.command == "GET" and "/uploads/" in self.path:
            return 404
        if repo == "step" and self.command == "PATCH" and self.times("patch") == 2:
            return 416
        if repo == "nochunks" and self.command == "PATCH":
            return 405
        if repo == "nopatch" and self.command == "PATCH":
            return 500
        if repo == "down" and self.command == "POST":
            return 502
        if repo == "large" and send and size > LARGE:
            return 413
        if repo == "busy" and send and self.times("send") == 1:
            return 503
        if repo == "old" and self.command == "PUT" and self.headers["Content-Type"] == OCI_MANIFEST:
            return 415
        return None

    def changed(self, status, headers, body):
        """What becomes of the registry's answer."""
        repo, post = self.repo, self.command == "POST" and status == 202
        if post and repo in ("chunks", "cutchunk", "step", "nochunks", "nopatch"):
            headers["OCI-Chunk-Min-Length"] = "300000"
        if post and repo == "file":
            headers["Location"] = "file:///etc/passwd"
        if post and repo == "nowhere":
            del headers["Location"]
        if post and repo == "elsewhere":
            headers["Location"] = headers["Location"].replace(":%d/" % PORTS[0], ":%d/" % PORTS[1])
        if self.command == "GET" and status == 200:
            if repo == "coded" or repo == "codedlist" and "/manifests/" in self.path:
                headers["Content-Encoding"], body = "gzip", gzip.compress(body)
            if repo == "called" and "/blobs/" in self.path:
                headers["Content-Encoding"] = "gzip"
            if repo == "strange" and "/blobs/" in self.path:
                headers["Content-Encoding"], body = "rot13", body + b"x"
        return headers, body

    def forward(self, body):
        up = http.client.HTTPConnection(UPSTREAM)
        up.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            up.putheader(name, value)
        up.endheaders(body)
        answer = up.getresponse()
        data = answer.read()
        headers = {k: v for k, v in answer.getheaders() if k not in ("Transfer-Encoding", "Connection", "Date")}
        length = headers.pop("Content-Length", None)
        up.close()
        headers, data = self.changed(answer.status, headers, data)
        return answer.status, headers, data, length if self.command == "HEAD" else len(data)

    def serve(self):
        size = int(self.headers["Content-Length"] or 0)
        entry = {"other": self.other, "method": self.command, "path": self.path, "repo": self.repo, "size": size,
                 "range": self.headers["Content-Range"], "auth": "Authorization" in self.headers}
        with LOCK, open(OUT + "/log", "a") as log:
            log.write(json.dumps(entry) + "\n")
        status = self.breaks(size)
        body = self.rfile.read(size)
        headers, data, length = {}, b"", 0
        if not status:
            status, headers, data, length = self.forward(body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204 and length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do(self):
        self.repo = (self.path.split("/") + ["", ""])[2]
        try:
            self.serve()
        except (Cut, ConnectionError):
            self.close_connection = True
            self.wfile = open(os.devnull, "wb")

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do


class Other(Handler):
    other = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args):
        pass


def serve(handler):
    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever).start()
    return server.server_address[1]


PORTS = [serve(Handler), serve(Other)]
with open(OUT + "/port.new", "w") as file:
    file.write(str(PORTS[0]))
os.rename(OUT + "/port.new", OUT + "/port")
