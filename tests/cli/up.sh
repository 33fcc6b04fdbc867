#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# up, stop, start, restart, kill, pause, scale, --wait, --abort-on-container-exit, orphans, --no-start.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-alone.sh"
busybox_image

cat >compose.yaml <<'END'
name: up
services:
  a: {image: busybox, command: sleep 1000, stop_signal: SIGKILL}
  b: {image: busybox, command: sleep 1000, stop_signal: SIGKILL, depends_on: [a]}
END
compose up -d --wait
known
running a b || fail "not running"
id=$(compose ps -q a)
compose up -d 2>"$work/err"
grep -qE 'Creat|Start' "$work/err" && fail "a second up had something to do: $(cat "$work/err")"
[ "$(compose ps -q a)" = "$id" ] || fail "recreated for nothing"

compose stop b
running a || fail "stop b stopped something else"
compose start b
running a b || fail "start"
[ "$(compose ps -q a)" = "$id" ] || fail "start made another container"
started=$(compose exec -T b cat /proc/1/stat | cut -d' ' -f22)
compose restart b
[ "$(compose exec -T b cat /proc/1/stat | cut -d' ' -f22)" != "$started" ] || fail "restart did not restart"
compose pause a
compose ps -a a | grep -q Paused || fail "not paused: $(compose ps -a a)"
compose unpause a
compose kill -s KILL b
running a || fail "kill"
compose ps -a --format json b | grep -q '"ExitCode":137' || fail "code of a killed one: $(compose ps -a --format json b)"

compose up -d --scale a=3
[ "$(compose ps -q a | wc -l)" = 3 ] || fail "scaled up: $(compose ps)"
compose up -d --scale a=1
[ "$(compose ps -q a)" = "$id" ] || fail "scaled down: $(compose ps)"

# What is no longer in the file is an orphan: named, and removed when that is asked for.
sed -i '/  b:/d' compose.yaml
compose up -d 2>"$work/err"
want up-b-1 "$work/err"
compose up -d --remove-orphans 2>"$work/err"
[ -z "$(compose ps -aq --orphans | grep -v "$id")" ] || fail "an orphan is left: $(compose ps -a)"

must_fail 'did you mean "a"' compose up -d aa
compose down
[ -z "$(compose ps -aq)" ] || fail "left: $(compose ps -a)"
compose up --no-start
compose ps -a | grep -q Created || fail "not created"
running || fail "started"
compose down

cat >compose.yaml <<'END'
name: up
services:
  job: {image: busybox, command: "sh -c 'echo done; exit 3'"}
  server: {image: busybox, command: sleep 1000, stop_signal: SIGKILL}
END
status=0
compose up --abort-on-container-exit --exit-code-from job >"$work/out" 2>"$work/err" || status=$?
[ $status = 3 ] || fail "--exit-code-from: $status $(cat "$work/err")"
want "done" "$work/out"
running || fail "the other was not stopped"
compose down
# A container that cannot be started: why, and the rest of what it was is put away.
cat >compose.yaml <<'END'
name: up
services:
  bad: {image: busybox, command: /no/such/program}
END
must_fail "/no/such/program" compose up -d
compose down -v 2>/dev/null
check_clean
