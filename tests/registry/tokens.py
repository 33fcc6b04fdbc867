# SPDX-License-Identifier: Apache-2.0
"""A proxy before a real registry that wants bearer tokens, and the authority that gives them, for tests/cli/registry-tokens.sh.

tokens.py OUT HOST:PORT: writes its port to OUT/port and the authority's to OUT/realm; logs each request as a line of JSON to OUT/log. Who
has the password of user:secret, or the refresh token `identity` (which is another one afterwards), may do anything; others may pull `open`.
OUT/mode holds words: nopost (no OAuth2), short (a token is good for 3 requests), once (each request of a body is refused once)."""
import base64, http.client, http.server, json, os, sys, threading, urllib.parse

OUT, UPSTREAM = sys.argv[1:3]
BASIC = "Basic " + base64.b64encode(b"user:secret").decode()
LOCK = threading.Lock()
TOKENS, REFUSED = {}, set()
REFRESH = ["identity"]


def mode():
    try:
        with open(OUT + "/mode") as file:
            return file.read().split()
    except FileNotFoundError:
        return []


def log(**entry):
    with LOCK, open(OUT + "/log", "a") as file:
        file.write(json.dumps(entry) + "\n")


class Base(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, headers, body=b"", length=None):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers["Content-Length"] or 0))


class Realm(Base):
    def give(self, scopes, user, **more):
        allowed = [s for s in scopes if user or s == "repository:open:pull"]
        token = "t%d" % len(TOKENS)
        with LOCK:
            TOKENS[token] = [set(allowed), 3 if "short" in mode() else 1 << 30]
        self.answer(200, {}, json.dumps({"token": token, "expires_in": 300, **more}).encode())

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        auth = self.headers["Authorization"]
        log(realm="GET", scopes=query.get("scope", []), service=query.get("service"), basic=auth == BASIC, auth=auth is not None)
        if auth not in (None, BASIC):
            return self.answer(401, {})
        self.give(query.get("scope", []), auth)

    def do_POST(self):
        form = urllib.parse.parse_qs(self.body().decode())
        log(realm="POST", scopes=form.get("scope", [""])[0].split(), grant=form.get("grant_type"), token=form.get("refresh_token", [""])[0])
        if "nopost" in mode():
            return self.answer(405, {})
        with LOCK:
            right = form.get("refresh_token") == REFRESH
            if right:
                REFRESH[0] += "+"
        if not right:
            return self.answer(401, {})
        self.give(form.get("scope", [""])[0].split(), True, refresh_token=REFRESH[0])


class Registry(Base):
    def allowed(self):
        """Whether the token covers the request; a mount also needs to read where it takes from."""
        url = urllib.parse.urlsplit(self.path)
        repo = url.path.split("/")[2]
        need = [("repository:%s:" % repo, "push" if self.command in ("POST", "PUT", "PATCH") else "pull")]
        need += [("repository:%s:" % r, "pull") for r in urllib.parse.parse_qs(url.query).get("from", [])]
        with LOCK:
            entry = TOKENS.get((self.headers["Authorization"] or "")[len("Bearer "):], [set(), 0])
            entry[1] -= 1
            if entry[1] < 0:
                return False
            return all(any(s.startswith(p) and what in s[len(p):].split(",") for s in entry[0]) for p, what in need)

    def do(self):
        body = self.body()
        right = self.allowed() or self.headers["Authorization"] == "Bearer registrytoken"
        log(method=self.command, path=self.path, right=right, auth=(self.headers["Authorization"] or "").split(" ")[0])
        if right and "once" in mode() and body and self.path not in REFUSED:
            REFUSED.add(self.path)
            right = False
        if not right:
            return self.answer(401, {"WWW-Authenticate": 'Other x="a, b", beareR REALM="http://127.0.0.1:%d/token?a=b",service="s,1",error="x"' % PORTS[1]})
        up = http.client.HTTPConnection(UPSTREAM)
        up.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name != "Authorization":
                up.putheader(name, value)
        up.endheaders(body)
        got = up.getresponse()
        data = got.read()
        headers = {k: v for k, v in got.getheaders() if k not in ("Transfer-Encoding", "Connection", "Date")}
        length = headers.pop("Content-Length", None) if self.command == "HEAD" else headers.pop("Content-Length", None) and None
        self.answer(got.status, headers, data, length)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do


def serve(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever).start()
    return server.server_address[1]


PORTS = [serve(Registry), serve(Realm)]
with open(OUT + "/port.new", "w") as file:
    file.write(str(PORTS[0]))
os.rename(OUT + "/port.new", OUT + "/port")
