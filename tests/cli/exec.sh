#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# exec and run: exit code, user, working directory, environment, terminal, stdin, index; run --rm.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-alone.sh"
busybox_image

need script
cat >compose.yaml <<'END'
name: ex
services:
  a:
    image: busybox
    command: sleep 1000
    stop_signal: SIGKILL
    working_dir: /bin
    environment: {FROM_FILE: "yes"}
    user: "12:34"
END
compose up -d
known
status=0; compose exec -T a sh -c 'exit 42' || status=$?
[ $status = 42 ] || fail "exit code $status"
status=0; compose exec -T a /no/such/program 2>"$work/err" || status=$?
{ [ $status = 126 ] || [ $status = 127 ]; } && want "/no/such/program" "$work/err" || fail "$status $(cat "$work/err")"
[ "$(compose exec -T a id -u):$(compose exec -T a id -g)" = 12:34 ] || fail "the service's user"
[ "$(compose exec -T -u 0 a id -u)" = 0 ] || fail "-u"
[ "$(compose exec -T a pwd)" = /bin ] || fail "the service's working directory"
[ "$(compose exec -T -w /dev a pwd)" = /dev ] || fail "-w"
[ "$(compose exec -T -e X=1 -e FROM_FILE=no a sh -c 'echo $X $FROM_FILE')" = "1 no" ] || fail "-e"
[ "$(echo in | compose exec -T a cat)" = in ] || fail "stdin"
[ "$(head -c 300000 /dev/zero | compose exec -T a cat | wc -c)" = 300000 ] || fail "a lot of stdin"
[ "$(compose exec -T a sh -c 'echo out; echo err >&2' 2>/dev/null)" = out ] || fail "streams are mixed"
if compose exec -T a test -t 0; then fail "a terminal with -T"; fi
script -qec 'compose exec a sh -c "test -t 0 && test -t 1 && stty size && echo is a terminal"' /dev/null </dev/null >"$work/out"
want "is a terminal" "$work/out"
status=0; script -qec 'compose exec a sh -c "exit 9"' /dev/null </dev/null || status=$?
[ $status = 9 ] || fail "exit code with a terminal: $status"
compose exec -d a sh -c 'touch /tmp/detached 2>/dev/null || touch /dev/shm/detached; sleep 1000'
detached() { compose exec -T a sh -c '[ -e /tmp/detached ] || [ -e /dev/shm/detached ]'; }
wait_for 5 detached
compose up -d --scale a=2
[ "$(compose exec -T --index 2 a hostname)" != "$(compose exec -T --index 1 a hostname)" ] || fail "--index"
must_fail "number 3" compose exec -T --index 3 a true

status=0; compose run --rm -T -e Y=2 a sh -c 'echo $Y; exit 5' >"$work/out" || status=$?
[ "$status $(cat "$work/out")" = "5 2" ] || fail "run: $status $(cat "$work/out")"
[ "$(compose ps -aq | wc -l)" = 2 ] || fail "run --rm left a container: $(compose ps -a)"
compose stop
must_fail "not running" compose exec -T a true
compose down -v 2>/dev/null
check_clean
