#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One-off containers, and the commands that look at what there is: run, exec, port, top, ls, volumes, wait, events, rm.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
need_root
need busybox
busybox_image
cd "$work/project"
cat >compose.yaml <<'END'
services:
  db:
    image: busybox
    command: sleep 1000
    stop_signal: SIGKILL
    healthcheck: {test: "true", interval: 5s, start_interval: 100ms, start_period: 5s}
    volumes: [data:/data]
  web:
    image: busybox
    command: sleep 1000
    stop_signal: SIGKILL
    depends_on: {db: {condition: service_healthy}}
    ports: ["127.0.0.1::80"]
    environment: {FROM_FILE: yes-it-is}
  tool: {image: busybox, profiles: [tools], command: echo a tool}
volumes: {data: }
END
at_exit compose down -v --remove-orphans

got=0
compose run --rm web sh -c 'echo hello; echo oops >&2; exit 3' >"$work/out" 2>"$work/err" || got=$?
[ "$got" = 3 ] || fail "exit $got, not 3"
[ "$(cat "$work/out")" = hello ] || fail "its output"
want oops "$work/err"
want 'Service db  Healthy' "$work/err"
[ "$(compose ps -aq web)" = "" ] || fail "web was started, or its one-off is left"
[ "$(echo piped | compose run --rm -T web cat 2>/dev/null)" = piped ] || fail "stdin"
mkdir here && echo there >here/file
# shellcheck disable=SC2016 # expanded in there
HELLO=x compose run --rm --no-deps -e HELLO -e A=1 -v "$PWD/here:/mnt" -v data:/d -u 7 -w /mnt -l k=v --name mine \
	web sh -c 'echo $HELLO $A $FROM_FILE $(id -u) $(cat file) $(hostname | wc -c)' >"$work/out"
want 'x 1 yes-it-is 7 there 13' "$work/out"
[ "$(compose run --rm --entrypoint 'echo an' web entrypoint 2>/dev/null)" = 'an entrypoint' ] || fail "--entrypoint"
[ "$(compose run --rm tool 2>/dev/null)" = 'a tool' ] || fail "a service of a profile"
must_fail 'no such service: nobody' compose run nobody
must_fail 'nosuchprogram' compose run --rm --no-deps web nosuchprogram
[ "$(compose run --help | grep -c -- --rm)" = 1 ]
id=$(compose run -d web sleep 1000 2>/dev/null)
[ ${#id} = 64 ] || fail "run -d prints the id: $id"
compose ps >"$work/ps"
if grep -q -- -run- "$work/ps"; then fail "ps shows one-offs"; fi
compose ps -a >"$work/ps"
want "project-web-run-" "$work/ps"

compose up -d
port=$(compose port web 80)
[[ $port == 127.0.0.1:* ]] || fail "port: $port"
must_fail 'no port 81/tcp' compose port web 81
compose top db >"$work/out"
want 'sleep 1000' "$work/out"
compose ls >"$work/out"
want "$PWD/compose.yaml" "$work/out"
[ "$(compose ls -q)" = project ] || fail "ls -q"
[ "$(compose ls -q --filter name=other)" = "" ] || fail "ls --filter"
[ "$(compose volumes -q)" = project_data ] || fail "volumes"
[ "$(compose volumes -q web)" = "" ] || fail "volumes of web"
compose volumes --format json | grep -q '"Name":"project_data"' || fail "volumes as JSON"
got=0
compose exec db sh -c 'exit 6' || got=$?
[ "$got" = 6 ] || fail "exec: exit $got"
compose --dry-run exec db false || fail "a dry exec did something"

compose events >"$work/events" &
events=$!
stop_events() { kill $events 2>/dev/null || :; }
at_exit stop_events
watched() { compose restart -t 0 web 2>/dev/null && grep -q "container start .*name=project-web-1" "$work/events"; }
wait_for 20 watched
kill -INT $events
wait $events || fail "events: exit $?"

compose wait web >/dev/null 2>"$work/err" &
waiting=$!
compose kill web 2>/dev/null
got=0
wait $waiting || got=$?
[ "$got" = 137 ] || fail "wait: exit $got"

compose scale web=2 db=1
[ "$(compose ps -q web | grep -c .)" = 2 ] || fail "scale"
must_fail 'nobody to ask' compose rm -s web </dev/null
compose rm -fs web
[ "$(compose ps -aq web)" = "" ] || fail "rm left something"
compose create web
[ "$(compose ps -a --format json web | grep -c '"State":"created"')" = 1 ] || fail "create"
