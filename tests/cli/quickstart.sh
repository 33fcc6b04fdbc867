#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# examples/quickstart comes up, answers, and leaves nothing when it is taken down.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
need_root
need busybox
cp -r "$top/examples/quickstart/." "$work/project"
cd "$work/project"
export PORT
PORT=$(free_port)
at_exit compose down -v

compose up -d --wait
compose ps >"$work/ps"
want "quickstart-page-1" "$work/ps"
want "(healthy)" "$work/ps"
busybox wget -q -O "$work/page" "http://127.0.0.1:$PORT/"
want "Hello from a container" "$work/page"
says_hello() { compose logs client | grep -q Hello; }
wait_for 20 says_hello
compose up -d 2>"$work/again"
grep -E 'Creat|Start' "$work/again" && fail "a second up had something to do"
compose down -v
[ -z "$(compose ps -aq)" ] || fail "containers are left"
if busybox wget -q -O /dev/null -T 2 "http://127.0.0.1:$PORT/" 2>/dev/null; then fail "the port still answers"; fi
