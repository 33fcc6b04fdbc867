#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Pull and push against real registries: plain on loopback, with a password over TLS, as a mirror of Docker Hub; what they cost the
# second time; two at once; killed; and what is said when it doesn't go.
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
need_root
need python3 skopeo curl
cd "$work"
export COMPOSE_TEST_ETC=$work/etc DOCKER_CONFIG=$work/docker
mkdir -p etc docker
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG

# image FILE NAME LAYERS BYTES: a docker archive of layers of random bytes.
image() {
	PYTHONDONTWRITEBYTECODE=1 python3 - "$top/tests/layers" "$@" <<-'PYTHON'
		import hashlib, json, os, sys
		sys.path.insert(0, sys.argv[1])
		from layers import archive, member
		out, name, n, size = sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
		sha = lambda b: "sha256:" + hashlib.sha256(b).hexdigest()
		layers = [archive([member("f%d" % i, data=os.urandom(size))]) for i in range(n)]
		config = json.dumps({"os": "linux", "architecture": "amd64", "config": {"Cmd": ["sh"]},
		                     "rootfs": {"type": "layers", "diff_ids": [sha(l) for l in layers]}}).encode()
		files = [member("c.json", data=config)] + [member("%d.tar" % i, data=p) for i, p in enumerate(layers)]
		files.append(member("manifest.json", data=json.dumps([{"Config": "c.json", "RepoTags": [name],
		                    "Layers": ["%d.tar" % i for i in range(n)]}]).encode()))
		open(out, "wb").write(archive(files))
	PYTHON
}
fresh() { rm -rf --one-file-system "$COMPOSE_STATE_DIR"; }
digest_at() { skopeo inspect --tls-verify=false "${@:2}" "docker://$1" | python3 -c 'import json,sys; print(json.load(sys.stdin)["Digest"])'; }
id_of() { compose image inspect "$1" | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["Id"])'; }

# -- plain, on loopback --
start_registry
plain=$registry
image a.tar "$plain/team/a:1" 3 400000
compose image load -i a.tar >/dev/null
id=$(id_of "$plain/team/a:1")
compose image push "$plain/team/a:1" >out 2>&1 || fail "push: $(cat out)"
digest=$(digest_at "$plain/team/a:1")
compose image push "$plain/team/a:1" >/dev/null 2>&1
[ "$(digest_at "$plain/team/a:1")" = "$digest" ] || fail "two pushes, two digests"
fresh
compose image pull "$plain/team/a:1" >/dev/null 2>&1
[ "$(id_of "$plain/team/a:1")" = "$id" ] || fail "another image came back"
compose image pull "$plain/team/a@$digest" >/dev/null 2>&1
compose image push "$plain/team/a:1" >/dev/null 2>&1
[ "$(digest_at "$plain/team/a:1")" = "$digest" ] || fail "pulled and pushed, another digest"
compose fsck >out 2>&1 || fail "fsck: $(cat out)"

# -- several large layers, in ranges side by side; two processes at once; each blob whole, and here once --
image big.tar "$plain/team/big:1" 3 42000000
compose image load -i big.tar >/dev/null
rm big.tar
compose image push "$plain/team/big:1" >/dev/null 2>&1
fresh
compose image pull "$plain/team/big:1" >one 2>&1 &
one=$!
compose image pull "$plain/team/big:1" >two 2>&1 || fail "second of two: $(cat two)"
wait $one || fail "first of two: $(cat one)"
compose fsck >out 2>&1 || fail "fsck: $(cat out)"

# -- killed whenever, the next pull finishes --
for pause in 0.02 0.05 0.1 0.15 0.2 0.3 0.4; do
	fresh
	(timeout -s KILL $pause compose image pull "$plain/team/big:1" || :) >/dev/null 2>&1
	compose image pull "$plain/team/big:1" >out 2>&1 || fail "after a kill: $(cat out)"
	compose fsck >out 2>&1 || fail "fsck: $(cat out)"
done
compose image rm "$plain/team/big:1" >/dev/null

# -- a mirror of Docker Hub, by each of the settings --
image hub.tar "$plain/library/hub:1" 1 1000
compose image load -i hub.tar >/dev/null
compose image push "$plain/library/hub:1" >/dev/null 2>&1
mkdir -p etc/docker
echo "{\"registry-mirrors\": [\"http://$plain\"]}" >etc/docker/daemon.json
compose image pull hub:1 >/dev/null 2>&1 || fail "not by registry-mirrors"
rm etc/docker/daemon.json
fresh
docker_hub_is_the_registry
compose image pull hub:1 >/dev/null 2>&1 || fail "not by registries.conf"
unset CONTAINERS_REGISTRIES_CONF

# -- by way of a cache --
REGISTRY_PROXY_REMOTEURL=http://$plain REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=$work/cache start_registry ""
fresh
compose image pull -q "$registry/team/a:1" >/dev/null || fail "not through a cache"
[ "$(id_of "$registry/team/a:1")" = "$id" ] || fail "another image came through a cache"
registry=$plain

# -- what is not there --
must_fail "not found" compose image pull "$plain/team/a:nosuch"
must_fail "not found" compose image pull "$plain/nosuch:1"
must_fail "127.0.0.1:1" compose image pull 127.0.0.1:1/x
must_fail "invalid reference format" compose image pull 'Team/A:1'
must_fail "no image of this name" compose image push "$plain/team/nosuch:1"
must_fail "linux/s390x" compose image pull --platform linux/s390x "$plain/team/a:1"
mkdir -p etc/containers
printf '[[registry]]\nlocation = "%s"\nblocked = true\n' "$plain" >etc/containers/registries.conf
must_fail "blocked" compose image pull "$plain/team/a:1"
rm -r etc/containers

# -- with a password, over TLS, by a certificate of its own --
start_registry htpasswd
locked=$registry
compose image load -i a.tar >/dev/null
compose image tag "$plain/team/a:1" "$locked/team/a:1"
mkdir -p "etc/docker/certs.d/$locked"
must_fail "authentication is required" compose image push "$locked/team/a:1"
credentials() { printf '{"auths": {"%s": {"auth": "%s"}}}' "$locked" "$(printf '%s' "$1" | base64)" >docker/config.json; }
credentials user:hunter2
must_fail "not accepted" compose image push "$locked/team/a:1"
! grep -rq hunter2 out err || fail "the password is in a message"
credentials user:secret
cp tls.crt "etc/docker/certs.d/$locked/ca.crt"
compose image push "$locked/team/a:1" >out 2>&1 || fail "push over TLS: $(cat out)"
[ "$(digest_at "$locked/team/a:1" --creds user:secret)" = "$digest" ] || fail "another digest over TLS"
fresh
compose image pull "$locked/team/a:1" >out 2>&1 || fail "pull over TLS: $(cat out)"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout other.key \
	-out "etc/docker/certs.d/$locked/ca.crt" 2>/dev/null
fresh
must_fail "certificate" compose image pull "$locked/team/a:1"
