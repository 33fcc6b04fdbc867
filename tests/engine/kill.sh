#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Kill -9 of compose or of one of its helpers, at a random moment of up, recreate, down, stop, build and pull: the next `up -d` ends in the same
# running project, and after `down -v` nothing is left. COMPOSE_TEST_ROUNDS and COMPOSE_TEST_SEED choose others.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-alone.sh"
. "$top/tests/lib-registry.sh"
need python3
rounds=${COMPOSE_TEST_ROUNDS:-66}
RANDOM=${COMPOSE_TEST_SEED:-4711}
start_registry
these_are_mine
busybox_image
port=$(free_port)

cat >compose.yaml <<END
name: kill
services:
  db:
    image: busybox
    init: true
    command: sh -c '[ -e /data/born ] || echo "\$\$HOSTNAME" >/data/born; sleep 0.1; touch /data/ready; exec sleep 100000'
    environment: {ROUND: "\${ROUND:-0}"}
    volumes: [data:/data]
    networks: {back: {aliases: [database]}}
    healthcheck: {test: [CMD, test, -e, /data/ready], interval: 5s, start_interval: 50ms, start_period: 5s}
    stop_grace_period: 1s
  web:
    image: busybox
    command: httpd -f -p 80 -h /data
    ports: ["127.0.0.1:$port:80"]
    volumes: [data:/data:ro]
    networks: [front, back]
    depends_on: {db: {condition: service_healthy}}
    stop_signal: SIGKILL
  worker:
    image: busybox
    command: sleep 100000
    environment: {ROUND: "\${ROUND:-0}"}
    networks: [back]
    restart: always
    stop_signal: SIGKILL
  app:
    build: .
    command: sleep 100000
    networks: [front]
    stop_signal: SIGKILL
  pulled:
    image: $registry/pulled:\${PULL:-0}
    profiles: [pull]
networks: {front: , back: }
volumes: {data: }
END
cat >Dockerfile <<'END'
FROM busybox
COPY input /input
RUN sha256sum /input >/sum; head -c 300000 /dev/urandom >/noise
END
echo 0 >input
cat >"$work/pulled.yaml" <<END
name: pulled
services:
  pulled:
    image: $registry/pulled:\${PULL}
    build: {context: "$work", dockerfile_inline: "FROM scratch\nCOPY noise /\n"}
END
# Made elsewhere, and each pulled once, so that there is something to fetch.
pulls=30
for ((PULL = 0; PULL < pulls; PULL++)); do
	export PULL
	head -c 4000000 /dev/urandom >"$work/noise"
	for command in build push; do
		COMPOSE_STATE_DIR=$work/other COMPOSE_RUN_DIR=$work/other-run compose -f "$work/pulled.yaml" $command -q
	done
done
PULL=0

read -ra phases <<<"${COMPOSE_TEST_PHASES:-up recreate down stop build pull}"
declare -A victims=(
	[up]="compose compose-net compose-shim compose-monitor aardvark-dns compose-port crun compose"
	[recreate]="compose compose-net compose-shim compose-monitor aardvark-dns compose-port crun compose"
	[down]="compose compose-net compose-shim compose-monitor aardvark-dns compose-port"
	[stop]="compose compose-shim compose-net compose-monitor"
	[build]="compose compose-pack compose-shim crun compose-net compose"
	[pull]="compose compose-unpack"
)

# What a phase needs to be there, and what it does.
ready() {
	case $1 in
	up) compose down -v ;;
	build) echo "$2" >input ;;
	pull) PULL=$(((PULL + 1) % pulls)) ;;
	esac
}
actions() {
	case $1 in
	up | recreate) action=(compose up -d) ;;
	pull) action=(compose pull -q pulled) ;;
	*) action=(compose "$1") ;;
	esac
}

# Why it isn't the whole project; nothing when it is.
fault() {
	local all
	all=$(compose ps --services --status running | sort | xargs)
	[ "$all" = "app db web worker" ] || { echo "running: $all"; return; }
	compose ps db | grep -q '(healthy)' || { echo "db: $(compose ps db)"; return; }
	[ "$(page "$port" /born)" = "$(compose exec -T db cat /data/born)" ] || { echo "page: $(page "$port" /born)"; return; }
	compose exec -T worker nslookup -type=a database >"$work/names" 2>&1 || { cat "$work/names"; return; }
	compose exec -T web nslookup -type=a app >"$work/names" 2>&1 || cat "$work/names"
}
whole() { # TEXT
	local why end=$((SECONDS + 5))
	until why=$(fault) && [ -z "$why" ]; do
		[ $SECONDS -lt $end ] || break
	done
	[ -z "$why" ] || {
		cat "$work/phase" "$work/up"
		compose ps -a
		ps -ef --forest
		ip -o link
		fail "$1: not whole: $why"
	} >&2
}

: >"$work/phase"
compose up -d >"$work/up" 2>&1
whole "before the first kill"

declare -A span
for phase in "${phases[@]}"; do
	ready "$phase" first >/dev/null 2>&1
	began=$(date +%s%N)
	[ "$phase" != recreate ] || export ROUND=first
	actions "$phase"
	"${action[@]}" >"$work/out" 2>&1 || { cat "$work/out" >&2; fail "$phase"; }
	span[$phase]=$((($(date +%s%N) - began) / 1000))
	[ -z "${COMPOSE_TEST_VERBOSE-}" ] || echo "$phase takes ${span[$phase]} us"
	compose up -d >/dev/null 2>&1
done

# One that hangs is looked at before it is ended.
up() {
	compose up -d >"$work/up" 2>&1 &
	local pid=$! end=$((SECONDS + 30))
	while [ -e "/proc/$pid/fd/0" ] && [ $SECONDS -lt $end ]; do read -rt 0.02 <> <(:) || :; done
	[ $SECONDS -lt $end ] || {
		ps -ef --forest >&2
		compose ps -a >&2
		kill "$pid"
	}
	wait "$pid"
}

kills=0
for ((i = 0; kills < rounds; i++)); do
	[ $i -lt $((rounds * 4)) ] || fail "only $kills of $i rounds found somebody to kill"
	phase=${phases[i % ${#phases[@]}]}
	read -ra names <<<"${victims[$phase]}"
	victim=${names[RANDOM % ${#names[@]}]}
	victim=${COMPOSE_TEST_VICTIM:-$victim}
	at=$(((RANDOM * 32768 + RANDOM) % (span[$phase] + 1)))
	[ "$victim" = compose ] || at=$((at / 2)) # a helper has to begin after that
	[ "$victim" != compose-unpack ] || at=$((at / 2))
	at=$(printf '%d.%06d' $((at / 1000000)) $((at % 1000000)))
	round="round $i of seed ${COMPOSE_TEST_SEED:-4711}: $victim $at s into $phase"
	[ "$phase" != recreate ] || export ROUND=$i
	ready "$phase" "$i" >"$work/ready" 2>&1 || fail "$round: before it: $(cat "$work/ready")"
	known
	actions "$phase"
	began=$(date +%s%N)
	status=0
	timeout -k 1 60 python3 "$top/tests/engine/killer.py" "$at" "$victim" "${action[@]}" >"$work/killer" 2>"$work/phase" || status=$?
	[ $status -lt 124 ] || [ $status = 247 ] || { cat "$work/phase" >&2; fail "$round: $phase hangs or crashes ($status)"; }
	known
	killed=$(cat "$work/killer")
	[[ $killed != killed* ]] || kills=$((kills + 1))
	middle=$(date +%s%N)
	up || { cat "$work/phase" "$work/up" >&2; fail "$round ($killed): up"; }
	end=$(date +%s%N)
	known
	whole "$round ($killed)"
	[ -z "${COMPOSE_TEST_VERBOSE-}" ] || echo "$round: $killed, phase $(((middle - began) / 1000000)) up $(((end - middle) / 1000000)) whole $((($(date +%s%N) - end) / 1000000)) ms"
	[ $((i % 3)) = 2 ] || continue
	compose fsck >"$work/fsck" || { cat "$work/fsck" >&2; fail "$round: the store is damaged"; }
	compose down -v >"$work/down" 2>&1 || { cat "$work/down" >&2; fail "$round: down"; }
	check_clean "$round"
	compose up -d >"$work/up" 2>&1 || { cat "$work/up" >&2; fail "$round: up again"; }
done
compose down -v >/dev/null 2>&1
check_clean
