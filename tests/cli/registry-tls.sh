#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Registries that are not on loopback, where nothing is forgiven: certificates that are expired, of another host, or self-signed;
# redirects, uploads and realms from https to http; realms on private addresses. Refused and named, and no credential leaves.
# In a network of its own: addresses for documentation on its loopback.
if [ -z "${COMPOSE_TEST_NETNS-}" ]; then
	unshare -n true 2>/dev/null || { echo "SKIP: no network namespaces" >&2; exit 77; }
	COMPOSE_TEST_NETNS=1 exec unshare -n "$0" "$@"
fi
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
need_root
need python3 openssl ip
cd "$work"
export COMPOSE_TEST_ETC=$work/etc DOCKER_CONFIG=$work/docker
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG SSL_CERT_FILE
mkdir etc docker
ip link set lo up
ip addr add 192.0.2.10/32 dev lo
ip addr add 192.0.2.11/32 dev lo

openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=authority -keyout ca.key -out ca.crt 2>/dev/null
certificate() { # NAME ADDRESS DAYS
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$1.key" -out "$1.csr" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days "$3" \
		-extfile <(echo "subjectAltName=IP:$2") -out "$1.crt" 2>/dev/null
}
certificate good 192.0.2.10 9
certificate other 192.0.2.99 9
certificate expired 192.0.2.10 0 # newer openssl takes no days before today
ended() { ! openssl x509 -in expired.crt -noout -checkend 0 >/dev/null; }
wait_for 5 ended
openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=192.0.2.10 -addext subjectAltName=IP:192.0.2.10 \
	-keyout self.key -out self.crt 2>/dev/null

cat >server.py <<'PYTHON'
import http.server, json, ssl, threading
class Handler(http.server.BaseHTTPRequestHandler):
	protocol_version = "HTTP/1.1"
	def log_message(self, *args): pass
	def answer(self, status, **headers):
		self.send_response(status)
		for name, value in headers.items(): self.send_header(name.replace("_", "-"), value)
		self.send_header("Content-Length", "0")
		self.end_headers()
	def do_GET(self):
		self.rfile.read(int(self.headers["Content-Length"] or 0))
		with open("log", "a") as log:
			log.write(json.dumps({"server": self.server.name, "path": self.path, "auth": "Authorization" in self.headers}) + "\n")
		repo = self.path.split("/")[2] if self.path.count("/") > 2 else ""
		realms = {"realmhttp": "http://192.0.2.11:8000/token", "realmprivate": "https://127.0.0.1:8004/token", "realmfile": "file:///etc/passwd"}
		if repo in realms: return self.answer(401, WWW_Authenticate='Bearer realm="%s",service="x"' % realms[repo])
		if self.headers["Authorization"] is None and repo: return self.answer(401, WWW_Authenticate='Basic realm="x"')
		if repo == "down": return self.answer(307, Location="http://192.0.2.11:8000" + self.path)
		if repo == "updown" and self.command == "POST": return self.answer(202, Location="http://192.0.2.11:8000/upload")
		self.answer(404 if repo else 200)
	do_HEAD = do_POST = do_PUT = do_GET
def serve(name, address, port, tls=True):
	s = http.server.ThreadingHTTPServer((address, port), Handler)
	s.name = name
	if tls:
		c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
		c.load_cert_chain(name + ".crt", name + ".key")
		s.socket = c.wrap_socket(s.socket, server_side=True)
	threading.Thread(target=s.serve_forever).start()
for port, name in enumerate(["good", "other", "expired", "self"], 8000): serve(name, "192.0.2.10", port)
serve("good", "127.0.0.1", 8004)
serve("plain", "192.0.2.11", 8000, tls=False)
open("ready", "w").close()
PYTHON
python3 server.py 2>server.log &
at_exit kill $!
wait_for 20 test -e ready
auth=$(printf user:secret | base64)
printf '{"auths": {' >docker/config.json
for port in 8000 8001 8002 8003; do
	mkdir -p "etc/docker/certs.d/192.0.2.10:$port"
	cp ca.crt "etc/docker/certs.d/192.0.2.10:$port/ca.crt"
	printf '"192.0.2.10:%s": {"auth": "%s"}, ' "$port" "$auth" >>docker/config.json
done
printf '"other": {}}}' >>docker/config.json

must_fail "not found" compose image pull 192.0.2.10:8000/fine:1
for port in 8001 8002 8003; do
	must_fail "certificate" compose image pull "192.0.2.10:$port/x:1"
	want "192.0.2.10:$port" err
done
! grep -qE '"server": "(other|expired|self)"' log || fail "a request was sent in spite of the certificate"
must_fail "certificate" compose login -u user --password-stdin 192.0.2.10:8003 <<<secret
must_fail "https to http" compose image pull 192.0.2.10:8000/down:1
must_fail "plain http" compose image pull 192.0.2.10:8000/realmhttp:1
must_fail "private address" compose image pull 192.0.2.10:8000/realmprivate:1
must_fail "neither http nor https" compose image pull 192.0.2.10:8000/realmfile:1

mkdir p
printf 'FROM scratch\nCOPY Dockerfile /\n' >p/Dockerfile
printf 'services:\n  x: {image: "192.0.2.10:8000/updown:1", build: .}\n' >p/compose.yaml
compose --project-directory p build -q
must_fail "https to http" compose image push 192.0.2.10:8000/updown:1
! grep -q '"server": "plain"' log || fail "something went over plain http: $(cat log)"
! grep -rq secret out err || fail "the password is in a message"
