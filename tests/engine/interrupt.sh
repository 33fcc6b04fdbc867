#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ctrl-C and two commands at once: what was started is stopped, in the reverse order; builds and pulls leave nothing; the second one waits.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-alone.sh"
. "$top/tests/lib-registry.sh"
start_registry
these_are_mine
busybox_image

# begins COMMAND...: runs it with SIGINT as a terminal would leave it (a shell's background job ignores it); $pid.
begins() {
	: >"$work/out"
	: >"$work/err"
	python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$@" >"$work/out" 2>"$work/err" &
	pid=$!
}
ends() { # CODE: it ends with that
	local status=0
	timeout 20 tail --pid="$pid" -f /dev/null || fail "does not end: $(cat "$work/err")"
	wait "$pid" || status=$?
	[ "$status" = "$1" ] || fail "ended with $status instead of $1: $(cat "$work/err")"
}
shown() { grep -q "$1" "$work/out" "$work/err"; }

cat >compose.yaml <<'END'
name: one
services:
  base:
    image: busybox
    init: true
    command: sh -c 'trap "echo base ends; exit 0" TERM; echo base is there; while :; do sleep 0.05; done'
  next:
    image: busybox
    depends_on: [base]
    init: true
    command: sh -c 'trap "echo next ends; exit 0" TERM; echo next is there; while :; do sleep 0.05; done'
END

# Attached: the logs are shown, Ctrl-C stops, dependants first, exit 130.
begins compose up
wait_for 20 shown "next is there"
kill -INT "$pid"
ends 130
known
running || fail "something runs after Ctrl-C"
[ "$(grep -nE 'one-next-1 +Stopped' "$work/err" | cut -d: -f1)" -lt "$(grep -nE 'one-base-1 +Stopping' "$work/err" | cut -d: -f1)" ] ||
	fail "not in the reverse order: $(cat "$work/err")"
says next "next ends" || fail "next was not asked to end: $(compose logs next)"
says base "base ends" || fail "base was not asked to end"

# A container that doesn't listen: the second Ctrl-C kills at once.
cat >stubborn.yaml <<'END'
name: one
services:
  base:
    image: busybox
    stop_grace_period: 1m
    command: sh -c 'trap "" TERM; echo deaf; while :; do sleep 0.05; done'
END
begins compose -f stubborn.yaml up --remove-orphans
wait_for 20 shown deaf
kill -INT "$pid"
wait_for 10 shown "one-base-1 *Stopping"
began=$SECONDS
kill -INT "$pid"
ends 130
[ $((SECONDS - began)) -lt 8 ] || fail "the second Ctrl-C took $((SECONDS - began)) s"
running || fail "something runs after the second Ctrl-C"
compose -f stubborn.yaml down -v 2>/dev/null
check_clean "attached"

# While it is being brought up: what was started is stopped.
cat >slow.yaml <<'END'
name: one
services:
  first: {image: busybox, command: sleep 1000, stop_signal: SIGKILL, healthcheck: {test: [CMD, "false"], interval: 1h, start_interval: 100ms, start_period: 1h}}
  second: {image: busybox, command: sleep 1000, depends_on: {first: {condition: service_healthy}}}
END
begins compose -f slow.yaml up
wait_for 20 shown "Service first .*Waiting"
kill -INT "$pid"
ends 130
running || fail "something runs after Ctrl-C during up"
compose -f slow.yaml down 2>/dev/null
check_clean "during up"

# up -d: interrupted, what was started stays, and the next one goes on.
begins compose -f slow.yaml up -d
wait_for 20 shown "Service first .*Waiting"
known
kill -INT "$pid"
ends 130
compose -f slow.yaml down 2>/dev/null
check_clean "during up -d"

# A build.
cat >Dockerfile <<'END'
FROM busybox
RUN echo at it; while :; do sleep 0.05; done
END
printf 'name: two\nservices:\n  b: {build: .}\n' >build.yaml
begins compose -f build.yaml build
wait_for 20 shown "at it"
known
kill -INT "$pid"
ends 130
check_clean "build"
compose fsck >/dev/null

# A pull, of which the registry gives half.
printf 'FROM scratch\nCOPY noise /\n' >Dockerfile
head -c 3000000 /dev/urandom >noise
printf 'name: three\nservices:\n  p: {image: "%s/p:1", build: .}\n' "$registry" >pull.yaml
COMPOSE_STATE_DIR=$work/other COMPOSE_RUN_DIR=$work/other-run compose -f pull.yaml build -q
COMPOSE_STATE_DIR=$work/other COMPOSE_RUN_DIR=$work/other-run compose -f pull.yaml push -q
proxy=$(free_port)
python3 - "$proxy" "${registry#*:}" 2>/dev/null <<'END' &
import socket, sys, threading
def pump(a, b, limit):
    sent = 0
    while (data := a.recv(65536)):
        sent += len(data)
        if limit and sent > limit:
            threading.Event().wait()
        b.sendall(data)
def serve(c):
    u = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    threading.Thread(target=pump, args=(c, u, 0), daemon=True).start()
    pump(u, c, 1000000)
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
END
at_exit kill $!
these_are_mine
wait_for 10 bash -c ": </dev/tcp/127.0.0.1/$proxy"
printf 'name: three\nservices:\n  p: {image: "127.0.0.1:%s/p:1"}\n' "$proxy" >half.yaml
has_half() { [ -n "$(find "$COMPOSE_STATE_DIR/ingest" -size +100k)" ]; }
begins compose -f half.yaml pull
wait_for 20 has_half
kill -INT "$pid"
ends 130
check_clean "pull"
compose fsck >/dev/null
compose -f pull.yaml pull -q
compose -f pull.yaml down 2>/dev/null

# Two at once on one project: the second waits and finds nothing to do. On two projects: neither waits.
cat >compose.yaml <<'END'
services:
  a: {image: busybox, command: sleep 1000, stop_signal: SIGKILL}
  b: {image: busybox, command: sleep 1000, stop_signal: SIGKILL, depends_on: [a]}
END
for p in four four five; do
	compose -p $p up -d >"$work/up-$p-$RANDOM" 2>&1 &
	pids+=("$!")
done
for p in "${pids[@]}"; do wait "$p" || { tail -n 20 "$work"/up-*; fail "two at once"; }; done >&2
known
[ "$(compose ls -q | sort | xargs)" = "five four" ] || fail "projects: $(compose ls -q)"
for p in four five; do
	[ "$(compose -p $p ps -q | wc -l)" = 2 ] || fail "$p: $(compose -p $p ps -a)"
done
[ "$(cat "$work"/up-four-* | grep -c 'four-a-1 *Creating')" = 1 ] || fail "made twice: $(cat "$work"/up-four-*)"
compose -p four down -v 2>/dev/null &
compose -p five down -v 2>/dev/null
wait $!
check_clean "two at once"
