#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Uploads to a real registry behind a proxy that cuts, refuses and forgets: in chunks where they are asked for, on where a cut left
# them, and in one piece at the end; the image that is there afterwards is the one that was sent. Downloads that somebody has encoded.
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
# shellcheck source=tests/lib-image.sh
source "$(dirname "$0")/../lib-image.sh"
need_root
need python3
cd "$work"
export COMPOSE_TEST_ETC=$work/etc DOCKER_CONFIG=$work/docker
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG
mkdir etc docker
start_registry ""
PYTHONDONTWRITEBYTECODE=1 python3 "$top/tests/registry/proxy.py" "$work" "$registry" 2>server.log &
at_exit kill $!
wait_for 10 test -s port
host=127.0.0.1:$(cat port)
printf '{"auths": {"%s": {"auth": "%s"}}}' "$host" "$(printf user:secret | base64)" >docker/config.json

random_image image.tar "$host/first:1" 1 1 9000000
compose image load -q -i image.tar
id=$(compose image inspect "$host/first:1" | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["Id"])')

# count REPO PYTHON-EXPRESSION over the requests r of a repository
count() {
	python3 -c 'import json,sys
print(sum(1 for r in map(json.loads, open("log")) if r["repo"] == sys.argv[1] and eval(sys.argv[2])))' "$@"
}
patches() { count "$1" 'r["method"] == "PATCH"'; }
puts() { count "$1" 'r["method"] == "PUT" and "/uploads/" in r["path"] and r["size"] > 1000'; }
posts() { count "$1" 'r["method"] == "POST" and "mount=" not in r["path"]'; }
push() {
	compose image tag "$host/first:1" "$host/$1:1"
	compose image push -q "$host/$1:1" >out 2>err || fail "$1: $(cat err)"
	compose image inspect "$registry/$1:1" >/dev/null 2>&1 && fail "$1 is here under the registry's own name"
	COMPOSE_STATE_DIR=$work/check compose image pull -q "$registry/$1:1" >/dev/null || fail "$1: what came is not whole"
	[ "$(COMPOSE_STATE_DIR=$work/check compose image inspect "$registry/$1:1" |
		python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["Id"])')" = "$id" ] || fail "$1: another image came"
	rm -rf check
}
# expect REPO WHAT: "N patches, N puts of bytes, N posts" (one post and put are the config's)
expect() {
	local is
	is="$(patches "$1") $(puts "$1") $(posts "$1")"
	[ "$is" = "$2" ] || fail "$1: patches, puts, posts: $is instead of $2: $(grep "\"$1\"" log)"
}

# In one PUT where nothing speaks against it.
push plain
expect plain "0 1 2"
# In chunks where the registry asks, each where the one before has ended.
push chunks
expect chunks "3 0 2"
[ "$(count chunks 'r["range"] == "4194304-8388607"')" = 1 ] || fail "$(cat log)"
# A cut chunk is sent again, and no other.
push cutchunk
[ "$(count cutchunk 'r["range"] and r["range"].startswith("0-")')" = 1 ] || fail "the first chunk was sent twice: $(cat log)"
[ "$(count cutchunk 'r["method"] == "GET" and "/uploads/" in r["path"]')" = 1 ] || fail "the registry was not asked what it has"
[ "$(posts cutchunk)" = 2 ] || fail "a new upload, where the old one was there"
# A PUT that was cut: what is still to come goes to the same upload, or to a new one when that is lost.
push cut
[ "$(posts cut)" = 2 ] || fail "a new upload, where the old one was there"
push lost
[ "$(posts lost)" = 3 ] || fail "no new upload when the old one was lost"
push real
push busy
# Not in step, not at all, too large: asked, in one piece, in smaller ones.
push step
[ "$(count step 'r["method"] == "GET" and "/uploads/" in r["path"]')" = 1 ] || fail "416: the registry was not asked what it has"
push nochunks
expect nochunks "1 1 3"
push nopatch
[ "$(puts nopatch)" = 1 ] || fail "no whole upload at the end"
push large
[ "$(count large 'r["method"] == "PATCH" and r["size"] <= 1 << 20')" -ge 9 ] || fail "413: not in small pieces"
# A registry from before OCI.
push old
[ "$(count old 'r["method"] == "PUT" and "/manifests/" in r["path"]')" = 2 ] || fail "$(cat log)"
# To another origin, without credentials.
push elsewhere
[ "$(count elsewhere 'r["other"] and r["method"] == "PUT"')" = 2 ] || fail "not sent where the registry said"
[ "$(count elsewhere 'r["other"] and r["auth"]')" = 0 ] || fail "credentials went to another origin"
# A blob of another repository is mounted.
push mount
expect mount "0 0 0"

refused() {
	compose image tag "$host/first:1" "$host/$2:1"
	must_fail "$1" compose image push "$host/$2:1"
	[ "$(count "$2" '"/manifests/" in r["path"]')" = 0 ] || fail "$2: a manifest was sent all the same"
}
refused "neither http nor https" file
refused "doesn't say where" nowhere
refused "tried 5 times" never
refused "tried 5 times" down

# -- encoded on the way, unasked --
compose image rm "$host/first:1" >/dev/null
for repo in coded codedlist called strange; do
	COMPOSE_STATE_DIR=$work/source compose image load -q -i image.tar
	COMPOSE_STATE_DIR=$work/source compose image tag "$host/first:1" "$registry/$repo:1"
	COMPOSE_STATE_DIR=$work/source compose image push -q "$registry/$repo:1" >/dev/null
done
for repo in coded codedlist called; do
	COMPOSE_STATE_DIR=$work/$repo compose image pull -q "$host/$repo:1" >/dev/null 2>err || fail "$repo: $(cat err)"
	COMPOSE_STATE_DIR=$work/$repo compose fsck >/dev/null || fail "$repo: damaged"
done
COMPOSE_STATE_DIR=$work/strange must_fail "encod" compose image pull "$host/strange:1"
