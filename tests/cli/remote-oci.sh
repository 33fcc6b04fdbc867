#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compose files as OCI artifacts: by -f, include and extends; what the cache keeps; hostile ones.
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
need python3
start_registry
cache=$COMPOSE_STATE_DIR/remotes/oci
cd "$work/project"

put() { PYTHONDONTWRITEBYTECODE=1 python3 "$top/tests/registry/artifact.py" "$registry" shop/app "$@"; }

# -- files one after the other, files that others extend, env files --
digest=$(put 1 <<'END'
{"layers": [
  {"text": "services:\n  web: {image: web, extends: {file: base.yaml, service: b}, env_file: one.env}\n",
   "annotations": {"com.docker.compose.file": "compose.yaml"}},
  {"text": "services:\n  web: {environment: {X: over}}\n", "annotations": {"com.docker.compose.file": "over.yaml"}},
  {"text": "services: {b: {command: sleep 1}}\n",
   "annotations": {"com.docker.compose.extends": "true", "com.docker.compose.file": "base.yaml"}},
  {"type": "application/vnd.docker.compose.envfile", "text": "A=1\nX=env\n",
   "annotations": {"com.docker.compose.envfile": "one.env"}},
  {"type": "application/vnd.docker.compose.later", "text": "what it is, nobody knows"}
]}
END
)
compose -f "oci://$registry/shop/app:1" config >out
want 'name: project' out
want 'image: web' out
want '- sleep' out
want 'A: "1"' out
want 'X: over' out
[ "$(ls "$cache")" = "${digest#sha256:}" ] || fail "the cache: $(ls "$cache")"
cat >compose.yaml <<END
include: ["oci://$registry/shop/app:1"]
services:
  own: {extends: {file: "oci://$registry/shop/app@$digest", service: web}, volumes: ["./own:/own"]}
END
compose config >out
want "source: $work/project/own" out
[ "$(grep -c 'image: web' out)" = 2 ] || fail 'one of include and extends is not there'

# The older form has no artifactType; an index has a member of that type.
put old >/dev/null <<<'{"artifactType": "", "config": "application/vnd.docker.compose.config.empty.v1+json", "layers": [{"text": "services: {old: {image: x}}"}]}'
compose -f "oci://$registry/shop/app:old" config --services | grep -qx old
index=$(put index <<<'{"index": true, "layers": [{"text": "services: {member: {image: x}}"}]}')
compose -f "oci://$registry/shop/app:index" config --services | grep -qx member
[ -e "$cache/${index#sha256:}/compose.yaml" ] || fail 'an index is kept under its own digest'

# -- with a digest nobody is asked; without the registry, a tag can't be --
away=oci://127.0.0.1:1/shop/app
compose -f "$away@$digest" config -q
compose -f "$away:2@$digest" config -q
must_fail '127.0.0.1:1' compose -f "$away:1" config
rm -r "${cache:?}/${digest#sha256:}"
compose -f "$away@$digest" config -q 2>/dev/null || fail 'blobs that are here are enough'
must_fail 'disabled by "COMPOSE_EXPERIMENTAL_OCI_REMOTE"' \
	env COMPOSE_EXPERIMENTAL_OCI_REMOTE=0 compose -f "oci://$registry/shop/app:1" config
must_fail 'oci://UPPER' compose -f oci://UPPER config
must_fail 'nothing' compose -f "oci://$registry/shop/nothing:1" config

# -- hostile ones: nothing outside its own directory is written, and nothing of them is kept --
whys=() tags=()
refused() { # WHY, the artifact on stdin
	whys+=("$1")
	tags+=("bad${#tags[@]}")
	cat >>bad
}
main='{"text": "services: {a: {image: x}}"}'
long=$(printf 'x%.0s' $(seq 256))
file=application/vnd.docker.compose.file+yaml env=application/vnd.docker.compose.envfile
named() { # TYPE ANNOTATION NAME
	echo "{\"layers\": [$main, {\"type\": \"$1\", \"text\": \"A=1\",
		\"annotations\": {\"com.docker.compose.extends\": \"true\", \"$2\": \"$3\"}}]}"
}
for name in ../evil /tmp/compose-evil sub/evil .. . '' '..\\evil' 'C:\\evil' 'a\u0001b' "$long"; do
	refused 'no name of a file' < <(named $file com.docker.compose.file "$name")
done
for name in ../../../../../../tmp/compose-evil /tmp/compose-evil '..\\evil' ''; do
	refused 'no name of a file' < <(named $env com.docker.compose.envfile "$name")
done
refused '' < <(named $env com.docker.compose.envfile 'a\u0000b')
refused 'no name of a file' <<<"{\"layers\": [$main, {\"type\": \"application/vnd.docker.compose.envfile\", \"text\": \"A=1\"}]}"
other='{"type": "application/vnd.docker.compose.envfile", "text": "A=1", "annotations": {"com.docker.compose.envfile": "NAME"}}'
refused 'two files named' <<<"{\"layers\": [$main, ${other/NAME/a.env}, ${other/NAME/a.env}]}"
refused 'two files named' <<<"{\"layers\": [${other/NAME/compose.yaml}, $main]}"
refused 'has no Compose file' <<<"{\"layers\": [${other/NAME/a.env}]}"
refused 'is no application/vnd.docker.compose.project, but application/other' <<<"{\"artifactType\": \"application/other\", \"layers\": [$main]}"
refused 'is no application/vnd.docker.compose.project, but application/vnd.oci.image.config.v1+json' \
	<<<"{\"artifactType\": \"\", \"config\": \"application/vnd.oci.image.config.v1+json\", \"layers\": [$main]}"
many=$(printf "$main,%.0s" $(seq 201))
refused 'at most 200 layers' <<<"{\"layers\": [${many%,}]}"
put "${tags[@]}" <bad >/dev/null
kept=$(ls "$cache")
for i in "${!tags[@]}"; do
	must_fail "${whys[i]}" compose -f "oci://$registry/shop/app:${tags[i]}" config
	[ "$(ls "$cache")" = "$kept" ] || fail "kept: $(ls "$cache")"
	[ -z "$(ls "$COMPOSE_STATE_DIR/stage")" ] || fail "left over: $(ls "$COMPOSE_STATE_DIR/stage")"
done
[ ! -e /tmp/compose-evil ] || fail 'a file was written outside'
[ -z "$(find "$work" -name '*evil*')" ] || fail 'a file was written'

# A registry that lies about a layer's size, or sends others than it says.
python3 - "$work/registry" "$digest" <<-'END'
	import glob, sys
	for path in glob.glob(sys.argv[1] + "/docker/registry/v2/blobs/sha256/*/*/data"):
	    data = open(path, "rb").read()
	    if data == b"services: {old: {image: x}}":
	        open(path, "wb").write(b"services: {bad: {image: x}}")
END
rm -rf "${COMPOSE_STATE_DIR:?}"
must_fail 'sha256:' compose -f "oci://$registry/shop/app:old" config
[ ! -d "$cache" ] || [ -z "$(ls "$cache")" ] || fail 'what has not its digest is kept'

# What it names on this machine is asked about, with its place in the artifact.
put reach >/dev/null <<<'{"layers": [{"text": "services:\n  a:\n    image: x\n    volumes: [/etc:/host]\n"}]}'
must_fail "oci://$registry/shop/app:reach/compose.yaml:4:15: error: a file of another machine may not have this without consent: bind mount of /etc" \
	compose -f "oci://$registry/shop/app:reach" config
COMPOSE_TRUST_REMOTES=1 compose -f "oci://$registry/shop/app:reach" config -q

# -- killed whenever: whole or absent --
put 1 >/dev/null <<<"{\"layers\": [$main, ${other/NAME/a.env}, ${other/NAME/b.env}]}"
for i in $(seq "${COMPOSE_TEST_KILLS:-6}"); do
	rm -rf "${cache:?}"
	(timeout -s KILL "0.0$((i % 9 + 1))" compose -f "oci://$registry/shop/app:1" config -q || :) 2>/dev/null
	[ -z "$(find "$cache" -mindepth 1 -maxdepth 1 2>/dev/null)" ] || [ "$(find "$cache" -type f | wc -l)" = 3 ] || fail 'half of it is kept'
	compose -f "oci://$registry/shop/app:1" config -q
	[ "$(find "$cache" -type f | wc -l)" = 3 ] || fail 'not whole afterwards'
done
