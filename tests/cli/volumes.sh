#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Volumes: named, anonymous, bind, tmpfs, read-only; configs and secrets; what down leaves and what -v takes.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-alone.sh"
busybox_image

mkdir host
echo from the host >host/file
echo top secret >secret.txt
cat >compose.yaml <<'END'
name: vo
services:
  a:
    image: busybox
    command: sleep 1000
    stop_signal: SIGKILL
    volumes:
      - data:/data
      - /anonymous
      - ./host:/host
      - ./host/file:/one:ro
      - {type: tmpfs, target: /tmp, tmpfs: {size: 1m}}
      - {type: volume, source: data, target: /ro, read_only: true}
    configs: [{source: conf, target: /etc/conf, mode: 0440}, inline]
    secrets: [key]
  b: {image: busybox, command: sleep 1000, stop_signal: SIGKILL, volumes: [data:/data, other:/other]}
volumes: {data: , other: {external: true, name: elsewhere}}
configs: {conf: {file: ./host/file}, inline: {content: "a=${VALUE:-1}"}}
secrets: {key: {file: ./secret.txt}}
END
must_fail elsewhere compose up -d
compose down -v 2>/dev/null
cat >elsewhere.yaml <<'END'
services: {x: {image: busybox, command: "true", volumes: ["ext:/e"]}}
volumes: {ext: {name: elsewhere}}
END
compose -p other -f elsewhere.yaml up -d
compose up -d
known
in_a() { compose exec -T a sh -c "$1"; }
in_a 'echo shared >/data/file'
[ "$(compose exec -T b cat /data/file)" = shared ] || fail "a named volume is not shared"
[ "$(in_a 'cat /host/file')" = "from the host" ] || fail "bind"
in_a 'echo new >/host/new'
[ "$(cat host/new)" = new ] || fail "bind: written in the container"
for where in /one /ro/file; do
	if in_a "echo x >$where" 2>/dev/null; then fail "$where is not read-only"; fi
done
in_a 'grep -q " /tmp tmpfs .*size=1024k" /proc/mounts' || fail "tmpfs: $(in_a 'cat /proc/mounts')"
if in_a 'head -c 2000000 /dev/zero >/tmp/big' 2>/dev/null; then fail "tmpfs has no size"; fi
[ "$(in_a 'cat /etc/conf')" = "from the host" ] || fail "config of a file"
[ "$(in_a 'cat /inline')" = a=1 ] || fail "config with content"
[ "$(in_a 'cat /run/secrets/key')" = "top secret" ] || fail "secret"
in_a 'echo mine >/anonymous/file'

# Made anew, all of it is there; after down, what has a name.
compose up -d --force-recreate
[ "$(in_a 'cat /anonymous/file')" = mine ] || fail "an anonymous volume is lost by a recreate"
compose stop
compose start
[ "$(in_a 'cat /anonymous/file; cat /data/file')" = "mine
shared" ] || fail "lost by stop and start"
compose down
compose volumes -q 2>/dev/null | grep -qx vo_data || fail "down removed a named volume"
compose up -d
[ "$(in_a 'cat /data/file')" = shared ] || fail "a named volume lost its data"
compose down -v
[ -z "$(find "$COMPOSE_STATE_DIR/volumes" -name 'vo_data')" ] || fail "down -v kept it"
[ -n "$(find "$COMPOSE_STATE_DIR/volumes" -name elsewhere)" ] || fail "down -v removed an external volume"
compose -p other -f elsewhere.yaml down -v 2>/dev/null

# A volume is filled from the image, once.
printf 'FROM busybox\nRUN mkdir /seed && echo seeded >/seed/file && chown 5:6 /seed\n' >Dockerfile
cat >compose.yaml <<'END'
name: vo
services:
  a: {build: ., command: sleep 1000, stop_signal: SIGKILL, volumes: [data:/seed, "empty:/seed2"]}
  nocopy: {build: ., command: sleep 1000, stop_signal: SIGKILL, volumes: [{type: volume, source: none, target: /seed, volume: {nocopy: true}}]}
volumes: {data: , empty: , none: }
END
compose up -d
known
[ "$(in_a 'cat /seed/file; stat -c %u:%g /seed')" = "seeded
5:6" ] || fail "not filled from the image: $(in_a 'ls -lan /seed')"
in_a 'rm /seed/file; touch /seed/other'
compose up -d --force-recreate
if in_a 'test -e /seed/file'; then fail "filled twice"; fi
if compose exec -T nocopy test -e /seed/file; then fail "nocopy copied"; fi
compose down -v

# Bad ones.
cat >compose.yaml <<'END'
name: vo
services:
  a: {image: busybox, command: "true", volumes: [{type: bind, source: ./nowhere, target: /x, bind: {create_host_path: false}}]}
END
must_fail nowhere compose up -d
compose down -v 2>/dev/null
sed -i 's|volumes: .*|volumes: ["./nowhere:/x"]}|' compose.yaml
compose up -d
known
[ -d nowhere ] || fail "the host's path was not made"
compose down -v 2>/dev/null
# As with docker, an anonymous volume outlives a down without -v: the one.
only_one() {
	local left
	left=$(leftovers)
	[ "$(wc -l <<<"$left")" = 2 ] && ! grep -v volumes <<<"$left"
}
wait_for 20 only_one
