#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# logs: all, follow, tail, since, until, timestamps, both streams, rotation, of several services.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-alone.sh"
busybox_image

cat >compose.yaml <<'END'
name: lg
services:
  a: {image: busybox, command: "sh -c 'for i in 1 2 3 4 5; do echo out $$i; echo err $$i >&2; done; printf unended'"}
  b: {image: busybox, command: "sh -c 'echo first; until [ -e /data/go ]; do sleep 0.05; done; echo second'", volumes: ["./data:/data"]}
  big:
    image: busybox
    command: sh -c 'i=0; while [ $$i -lt 3000 ]; do echo line $$i of a log that is rotated; i=$$((i+1)); done'
    logging: {options: {max-size: 20k, max-file: "2"}}
END
mkdir data
compose up -d
known
wait_for 5 says a unended
compose logs --no-log-prefix a >"$work/out" 2>"$work/err"
[ "$(grep -c '^out' "$work/out" "$work/err" | awk -F: '{n += $2} END {print n}')" = 5 ] || fail "output: $(cat "$work/out")"
want "err 5" <(cat "$work/out" "$work/err")
want unended <(cat "$work/out" "$work/err")
compose logs --no-color a 2>&1 | grep -qE '^a-1 +\| out 1$' || fail "prefix: $(compose logs --no-color a)"
[ "$(compose logs --no-log-prefix -n 2 a 2>&1 | wc -l)" = 2 ] || fail "tail: $(compose logs -n 2 a)"
[ -z "$(compose logs -n 0 a 2>&1)" ] || fail "tail 0"
compose logs -t --no-log-prefix a 2>&1 | grep -qE '^20[0-9-]+T[0-9:.]+Z out 1' || fail "timestamps: $(compose logs -t a)"
[ -z "$(compose logs --since 2100-01-01 a 2>&1)" ] || fail "since the future"
[ -z "$(compose logs --until 2000-01-01 a 2>&1)" ] || fail "until the past"
compose logs --since 1h a 2>&1 | grep -q "out 1" || fail "since an hour ago"
must_fail "since" compose logs --since yesterdayish a

compose logs -f --no-log-prefix b >"$work/follow" 2>&1 &
follower=$!
has() { grep -q "$1" "$work/follow"; }
wait_for 5 has first
touch data/go
wait_for 5 has second
timeout 5 tail --pid=$follower -f /dev/null || fail "logs -f goes on though the container has ended"

# What starts later is followed too, and what its policy brings back, from where it was.
cat >>compose.yaml <<'END'
  again: {image: busybox, restart: "on-failure:2", command: "sh -c 'echo life; sleep 0.5; exit 1'"}
  long: {image: busybox, command: "sh -c 'echo long is up; exec sleep 100'", stop_signal: SIGKILL}
END
compose up -d again long
compose logs -f --no-log-prefix again long >"$work/follow" 2>&1 &
follower=$!
wait_for 5 has 'long is up'
lives() { [ "$(grep -c life "$work/follow")" = "$1" ]; }
wait_for 20 lives 3
compose up -d --scale long=2 long
ups() { [ "$(grep -c 'long is up' "$work/follow")" = "$1" ]; }
wait_for 10 ups 2
compose restart long
wait_for 10 ups 4
compose stop long
timeout 5 tail --pid=$follower -f /dev/null || fail "logs -f goes on though nothing runs or comes back"
lives 3 || fail "not three lives: $(cat "$work/follow")"

big_ended() { compose ps -a big | grep -q Exited; }
wait_for 20 big_ended
compose logs --no-log-prefix big >"$work/out" 2>&1
tail -1 "$work/out" | grep -q 'line 2999' || fail "the end of a rotated log is lost: $(tail -1 "$work/out")"
[ "$(wc -l <"$work/out")" -lt 2000 ] || fail "not rotated: $(wc -l <"$work/out") lines"
[ "$(find "$COMPOSE_STATE_DIR/containers" -name 'log*' -size +25k | wc -l)" = 0 ] || fail "a log is larger than max-size"
compose logs 2>&1 | grep -q '^b-1 ' || fail "logs of all"
must_fail 'no such service' compose logs nobody
compose down -v 2>/dev/null
check_clean
