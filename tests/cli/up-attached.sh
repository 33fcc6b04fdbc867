#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `up` in the foreground: whose end ends it, with which exit code, and what an interrupt does.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
need_root
need busybox
busybox_image
cd "$work/project"
cat >compose.yaml <<'END'
services:
  job:
    image: busybox
    command: sh -c 'echo job begins; sleep 0.5; exit 4'
  server:
    image: busybox
    command: sh -c 'trap "echo bye; exit 9" TERM; echo server up; while :; do sleep 0.1; done'
    depends_on: [job]
END
at_exit compose down -v

exits() { # CODE COMMAND...
	local want=$1 got=0
	shift
	timeout 60 "$@" >"$work/out" 2>"$work/err" || got=$?
	[ "$got" = "$want" ] || {
		cat "$work/out" "$work/err" >&2
		fail "exit $got, not $want: $*"
	}
}
running() { compose ps -q --status running | grep -c . || :; }

exits 4 compose up --abort-on-container-exit
want 'job begins' "$work/out"
want 'job-1 exited with code 4' "$work/err"
[ "$(running)" = 0 ] || fail "something runs"
exits 4 compose up --abort-on-container-failure
exits 9 compose up --exit-code-from server
exits 1 compose up --exit-code-from nobody
exits 0 compose up --no-log-prefix job
if grep -q '|' "$work/out"; then fail "a prefix"; fi

# An interrupt stops what `up` started, in order; two at the same time are one.
compose up >"$work/out" 2>"$work/err" &
pid=$!
wait_for 20 grep -q 'server up' "$work/out"
kill -INT $pid
kill -TERM $pid
got=0
wait $pid || got=$?
[ "$got" = 130 ] || fail "exit $got after an interrupt"
want 'Gracefully stopping' "$work/err"
[ "$(running)" = 0 ] || fail "something runs after an interrupt"
[ "$(compose ps -aq | grep -c .)" = 2 ] || fail "the containers are gone"

# What its policy brings back doesn't end `up`; once it is stopped for good, nothing is left to show.
cat >compose.yaml <<'END'
services:
  again: {image: busybox, restart: always, command: "sh -c 'echo life; exit 6'"}
END
compose up --remove-orphans >"$work/out" 2>"$work/err" &
pid=$!
lives() { [ "$(grep -c life "$work/out")" -ge "$1" ]; }
wait_for 20 lives 3
compose stop
timeout 5 tail --pid=$pid -f /dev/null || fail "up goes on though nothing runs or comes back"
want 'again-1 exited with code 6 (restarting)' "$work/err"

# While it waits for a service that never becomes healthy: nothing stays behind running.
cat >compose.yaml <<'END'
services:
  web: {image: busybox, command: sleep 100, depends_on: {db: {condition: service_healthy}}, stop_signal: SIGKILL}
  db: {image: busybox, command: sleep 100, healthcheck: {test: "false", retries: 100000}, stop_signal: SIGKILL}
END
compose --progress plain up --remove-orphans >"$work/out" 2>"$work/err" &
pid=$!
wait_for 20 grep -q 'Service db  Waiting' "$work/err"
kill -INT $pid
got=0
wait $pid || got=$?
[ "$got" = 130 ] || fail "exit $got after an interrupt of a wait"
[ "$(running)" = 0 ] || fail "something runs after an interrupted wait"

# A plan says why, and doing it leaves nothing to do.
compose down
cat >compose.yaml <<'END'
services:
  web: {image: busybox, command: sleep 100, stop_signal: SIGKILL, environment: {DEBUG: "${DEBUG:-0}"}}
END
compose up -d --scale web=2
DEBUG=1 compose plan up >"$work/plan"
want 'recreate project-web-1: environment.DEBUG "0" -> "1"' "$work/plan"
want 'stop project-web-2: scaled down' "$work/plan"
DEBUG=1 compose --dry-run up -d >"$work/dry"
cmp "$work/plan" "$work/dry"
DEBUG=1 compose up -d
DEBUG=1 compose plan >"$work/plan"
[ ! -s "$work/plan" ] || fail "there is still something to do"
compose plan down --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[-1]["step"])' >"$work/last"
want 'remove network' "$work/last"
compose --progress json restart 2>"$work/err"
while read -r line; do python3 -c 'import json, sys; json.loads(sys.argv[1])' "$line"; done <"$work/err"
