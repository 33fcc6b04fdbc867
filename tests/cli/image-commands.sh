#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# compose image ls, inspect, tag, rm, pull, push: what is printed, several arguments, platforms, and what is said when it doesn't go.
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
# shellcheck source=tests/lib-image.sh
source "$(dirname "$0")/../lib-image.sh"
need_root
need python3 curl
cd "$work"
export COMPOSE_TEST_ETC=$work/etc DOCKER_CONFIG=$work/docker
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG
mkdir etc docker
start_registry ""
a=$registry/team/a b=$registry/team/b
# json EXPRESSION FILE: over the document d; of lines, the list of theirs
json() {
	python3 -c 'import json,sys
t = open(sys.argv[2]).read()
d = json.loads(t) if t.startswith("[") else [json.loads(l) for l in t.splitlines()]
print(eval(sys.argv[1]))' "$@"
}

for command in "" ls pull push tag inspect rm save load; do
	# shellcheck disable=SC2086 # no word, or one
	compose image $command --help >out || fail "image $command --help"
	want "Usage:  compose image" out
	want "--dry-run" out
done
must_fail 'unknown command "frob"' compose image frob

# -- nothing is here --
compose image ls >out
[ "$(cat out)" = "REPOSITORY   TAG   IMAGE ID   CREATED   SIZE" ] || fail "$(cat out)"
[ -z "$(compose image ls -q)$(compose image ls --format json)" ] || fail "something of nothing"
for command in inspect rm push save; do must_fail "nothing" compose image $command nothing; done
must_fail "nothing" compose image tag nothing x
compose image rm --force nothing
for command in inspect rm push pull save "tag x"; do
	# shellcheck disable=SC2086
	must_fail "argument" compose image $command
done

# -- ls --
random_image one.tar "$a:1" 1 1 1000
random_image two.tar "$b:1" 2 1 1000
compose image load -q -i one.tar
compose image load -q -i two.tar
compose image tag "$a:1" "$a:2"
compose image tag "$a:1" own
compose image ls >out
for row in "$a *1 " "$a *2 " "$b *1 " "own *latest "; do grep -q "^$row" out || fail "no row $row: $(cat out)"; done
[ "$(compose image ls -q "$a" | wc -l)" = 1 ] || fail "an id twice: $(compose image ls -q "$a")"
[ "$(compose image ls "$a" | wc -l)$(compose image ls "$a:2" | wc -l)$(compose image ls "$registry/*/a" | wc -l)" = 323 ] || fail "ls NAME"
compose image ls --format json >list
[ "$(json 'sorted((i["Repository"].split("/")[-1], i["Tag"]) for i in d)' list)" = "[('a', '1'), ('a', '2'), ('b', '1'), ('own', 'latest')]" ] || fail "$(cat list)"
[ "$(json '{i["Platform"] for i in d}' list)" = "{'linux/amd64'}" ] || fail "$(cat list)"
[ "$(json '{i["ID"] for i in d if i["Repository"].endswith("/a")}' list)" = "{'$(compose image ls -q --no-trunc "$a")'}" ] || fail "--no-trunc"
must_fail "table or json" compose image ls --format yaml

# -- inspect: by name, by id, several; those that are there though one is not --
id=$(compose image ls -q "$a")
compose image inspect "$a:1" "$id" "$b:1" >shown
[ "$(json 'len(d), d[0]["Id"] == d[1]["Id"], sorted(t.split("/")[-1] for t in d[0]["RepoTags"]), d[0]["Architecture"], d[0]["Config"]["Cmd"], len(d[2]["RootFS"]["Layers"])' shown)" = \
	"(3, True, ['a:1', 'a:2', 'own:latest'], 'amd64', ['sh'], 2)" ] || fail "$(cat shown)"
must_fail "no such image: gone" compose image inspect "$a:1" gone "$b:1"
[ "$(json 'len(d)' out)" = 2 ] || fail "$(cat out)"

# -- push: several, all tags of a name; pull: several, those that are there though one is not --
compose image push "$a:1" "$b:1" >digests 2>err || fail "$(cat err)"
[ "$(wc -l <digests)" = 2 ] || fail "$(cat digests)"
compose image push -q --all-tags "$a" >digests
[ "$(sort -u digests | wc -l) $(wc -l <digests)" = "1 2" ] || fail "$(cat digests)"
curl -fsS "http://$registry/v2/team/a/tags/list" >tags
[ "$(python3 -c 'import json; print(sorted(json.load(open("tags"))["tags"]))')" = "['1', '2']" ] || fail "$(cat tags)"
must_fail "no tag" compose image push --all-tags "$a:1"
must_fail "no image of this name" compose image push -a "$registry/none"
must_fail "team/gone" compose image push -q "$registry/team/gone:1" "$b:1"
[ "$(wc -l <out)" = 1 ] || fail "one that isn't here kept another from being pushed"
must_fail "gzip, zstd or plain" compose image push --compression lz4 "$a:1"
compose image rm -f "$id" "$b:1" >out
want "Untagged: $a:2" out
want "Deleted: sha256:$id" out
must_fail "$a:gone" compose image pull -q "$a:1" "$a:gone" "$b:1"
[ "$(cat out)" = "$(printf '%s\n' "$a:1" "$b:1")" ] || fail "pull -q: $(cat out)"
want "RepoDigests" <(compose image inspect "$a@$(head -1 digests)")

# -- rm: all that can be --
must_fail "no such image: gone" compose image rm "$a:1" gone "$b:1"
[ -z "$(compose image ls -q)" ] || fail "rm stopped at one that isn't there"
must_fail "invalid reference format" compose image tag "$a:1" Upper
must_fail "digest" compose image tag "$a:1" "x@sha256:$(printf 0%.0s {1..64})"

# -- platforms --
platform_layout layout
compose image load -q -i layout
name=$(compose image ls --format json | python3 -c 'import json,sys; i = json.loads(sys.stdin.readline()); print(i["Repository"] + ":" + i["Tag"])')
compose image tag "$name" "$registry/all:1"
compose image push -q "$registry/all:1" >/dev/null
compose image tag "$name" "$registry/arm:1"
compose image push -q --platform linux/arm64 "$registry/arm:1" >arm.digest
curl -fsS "http://$registry/v2/arm/manifests/1" -H 'Accept: application/vnd.oci.image.manifest.v1+json' | sha256sum >sum
[ "$(cut -d' ' -f1 sum)" = "$(cut -d: -f2 arm.digest)" ] || fail "--platform: another manifest"
must_fail "there is one for: linux/amd64" compose image push --platform linux/riscv64 "$registry/arm:1"
must_fail "platform" compose image push --platform not/a/known/one "$registry/arm:1"
compose image rm -f "$(compose image ls -q)" >/dev/null
compose image pull -q "$registry/all:1" >/dev/null
must_fail "all-platforms" compose image push --platform linux/arm64 "$registry/all:1"
compose image pull -q --platform linux/arm64 "$registry/all:1" >/dev/null
[ "$(compose image inspect "$registry/all:1" | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["Architecture"])')" = arm64 ] || fail "pull --platform"
must_fail "the image is for linux/arm64" compose image pull --platform linux/amd64 "$registry/arm:1"
compose image pull -q --platform linux/arm64 "$registry/arm:1" >/dev/null
must_fail "is for linux/arm64" compose image push --platform linux/s390x "$registry/arm:1"
