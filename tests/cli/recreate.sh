#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A container is made anew for a reason, which is told; nothing else is touched.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-alone.sh"
busybox_image

cat >compose.yaml <<'END'
name: re
services:
  a: {image: busybox, command: sleep 1000, stop_signal: SIGKILL, environment: {DEBUG: "${DEBUG:-0}", TOKEN: x}, volumes: [/data], labels: {l: "${LABEL:-1}"}}
  b: {image: busybox, command: sleep 1000, stop_signal: SIGKILL}
END
compose up -d
known
a=$(compose ps -q a) b=$(compose ps -q b)
compose exec -T a sh -c 'echo kept >/data/file; echo lost >/file'

DEBUG=1 compose --dry-run up -d >"$work/plan" 2>&1
want recreate "$work/plan"
want 'environment.DEBUG "0" -> "1"' "$work/plan"
[ "$(compose ps -q a)" = "$a" ] || fail "a dry run did something"

DEBUG=1 compose up -d 2>"$work/err"
want "re-a-1  Recreate" "$work/err"
[ "$(compose ps -q a)" != "$a" ] || fail "a was not recreated"
[ "$(compose ps -q b)" = "$b" ] || fail "b was recreated"
[ "$(compose exec -T a sh -c 'echo $DEBUG')" = 1 ] || fail "the environment is the old one"
[ "$(compose exec -T a cat /data/file)" = kept ] || fail "the anonymous volume is not the old one"
if compose exec -T a test -e /file; then fail "the root filesystem is the old one"; fi

DEBUG=1 compose up -d -V --force-recreate a
if compose exec -T a test -e /data/file; then fail "-V kept the anonymous volume"; fi
[ "$(compose ps -q b)" = "$b" ] || fail "b was recreated by --force-recreate a"
a=$(compose ps -q a)
LABEL=2 DEBUG=1 compose up -d --no-recreate
[ "$(compose ps -q a)" = "$a" ] || fail "--no-recreate recreated"

# A new image of the same name.
printf 'FROM busybox\nRUN echo new >/new\n' >Dockerfile
cat >image.yaml <<'END'
name: re
services:
  a: {image: mine, build: ., command: sleep 1000, stop_signal: SIGKILL}
END
compose -f image.yaml up -d --remove-orphans
a=$(compose ps -q a)
echo 'RUN echo newer >/newer' >>Dockerfile
compose -f image.yaml up -d
[ "$(compose ps -q a)" = "$a" ] || fail "recreated without --build"
compose -f image.yaml up -d --build
[ "$(compose ps -q a)" != "$a" ] || fail "not recreated for a new image"
compose -f image.yaml exec -T a test -e /newer
compose down -v 2>/dev/null
check_clean
