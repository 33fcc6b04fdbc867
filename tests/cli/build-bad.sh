#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds that must not go well: each ends with one message that says what and where, and leaves nothing behind.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
need_root
need crun busybox python3
export COMPOSE_ENGINE=local
cd "$work/project"
mkdir -p ctx/a/b/c/d outside
cp "$(command -v busybox)" ctx/busybox
echo outside-text >outside/file
cat >compose.yaml <<'END'
name: bad
services:
  it: {image: bad-it, build: {context: ctx}}
END
base='FROM scratch
COPY busybox /bin/busybox
'

nothing_left() {
	[ -z "$(find "$COMPOSE_STATE_DIR/stage" -mindepth 2 2>/dev/null)" ] || fail "$1: something staged is left"
	[ -z "$(ls -A "$COMPOSE_RUN_DIR/build" 2>/dev/null)" ] || fail "$1: something in the run directory is left"
	if grep -qF "$work" /proc/self/mountinfo; then fail "$1: a mount is left"; fi
	local env name
	while read -r env; do
		read -r name 2>/dev/null <"${env%environ}comm" || continue
		[[ $name != compose* && $name != crun* ]] || fail "$1: a process is left: $name"
	done < <(grep -lzs "^COMPOSE_STATE_DIR=$work/" /proc/[0-9]*/environ || :)
}
# refuses TEXT [PLACE]: the Dockerfile of stdin, after a base, or alone when it begins with a stage.
refuses() {
	local text
	text=$(cat)
	[[ $text == FROM* ]] || text=$base$text
	printf '%s\n' "$text" >ctx/Dockerfile
	must_fail "$1" compose build
	want "Dockerfile:${2:-}" "$work/err"
	[ "$(grep -c 'error: ' "$work/err")" = 1 ] || { cat "$work/err" >&2; fail "not one message"; }
	if grep -q outside-text "$work/err" "$work/out"; then fail "what is outside is shown"; fi
	nothing_left "$1"
}

# ---- the text
refuses "unknown instruction: CPOY (did you mean COPY?)" 3:1: <<<'CPOY a /'
refuses "no flag --chwon (did you mean --chown?)" 3: <<<'COPY --chwon=1 a /'
refuses "there are 2 stages" 3: <<<$'FROM scratch AS one\nFROM one\nCOPY --from=9 / /'
refuses "a/b/nothing: not found in the build context" 3:1: <<<'COPY a/b/nothing /'

# ---- out of the context, at whatever depth
ln -s ../outside ctx/up
ln -s /etc ctx/absolute
ln -s ../../../../../../../../../../../../etc/passwd ctx/a/b/c/d/passwd
ln -s "$work/project/outside/file" ctx/a/b/c/file
ln -s loop-b ctx/loop-a
ln -s loop-a ctx/loop-b
for path in ../outside/file up/file absolute/passwd a/b/c/d/passwd a/b/c/file a/b/c/d/../../../../up/file './/..//../outside/file'; do
	refuses "not found in the build context" 3:1: <<<"COPY $path /x"
	refuses "not found in the build context" 3:1: <<<"ADD $path /x"
done
refuses "loop-a" 3:1: <<<'COPY loop-a /x'
# what a directory holds is copied as the link that it is
printf '%sCOPY a /a\nRUN ["/bin/busybox", "sh", "-c", "test -L /a/b/c/file && ! test -e /a/b/c/file"]\n' "$base" >ctx/Dockerfile
compose build -q || fail "links in a directory"
# of a stage too: its links are its own
refuses "not found" 5:1: <<<$'RUN ["/bin/busybox", "ln", "-s", "/../../../../outside", "/out"]\nFROM scratch\nCOPY --from=0 /out/file /x'

# ---- a link that comes and goes while it is copied
mkdir -p ctx/race/dir race-b
for i in 1 2 3 4 5 6 7 8; do echo "inside $i" >"ctx/race/dir/$i"; echo outside-text >"outside/$i"; done
python3 - ctx/race "$work/project/outside" <<'END' &
import os, sys
os.chdir(sys.argv[1])
os.symlink(sys.argv[2], "link")
while True:
    for a, b, c in (("dir", "spare", "link"), ("dir", "link", "spare")):
        os.rename(a, b)
        os.rename(c, a)
END
racer=$!
disown
at_exit eval "kill $racer 2>/dev/null"
printf '%sCOPY race/dir /got\nRUN ["/bin/busybox", "sh", "-c", "for f in /got/*; do read -r x < $f && [ \\"${x#outside}\\" = \\"$x\\" ] || exit 9; done"]\n' "$base" >ctx/Dockerfile
good=0
for _ in $(seq 1 "${COMPOSE_TEST_RACES:-10}"); do
	if compose build --no-cache >"$work/log" 2>&1; then
		good=$((good + 1))
	elif grep -q "exit code 9" "$work/log"; then
		fail "a file of outside came along"
	fi
done
kill $racer
echo "races: $good builds went through"

# ---- what is no file
rm -rf ctx/race
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("ctx/socket")'
refuses "socket is a socket" 3:1: <<<'COPY socket /x'
printf '%sCOPY . /all/\nCOPY s*t /more/\nRUN ["/bin/busybox", "sh", "-c", "! test -e /all/socket"]\n' "$base" >ctx/Dockerfile
compose build -q || fail "a socket beside other files"
rm ctx/socket
mknod ctx/a/null c 1 3
mkfifo ctx/a/pipe
printf '%sCOPY a /a\nRUN ["/bin/busybox", "sh", "-c", "test -c /a/null && test -p /a/pipe"]\n' "$base" >ctx/Dockerfile
compose build -q || fail "a device and a pipe in the context"

# ---- stages, mounts, entitlements
refuses "this stage comes later; it must be defined before" 2: <<<$'FROM scratch AS a\nCOPY --from=b / /\nFROM scratch AS b\nCOPY --from=a / /'
refuses "cannot take from itself" 2:13: <<<$'FROM scratch AS a\nCOPY --from=a / /'
refuses "the secret nosuch is required" 3:1: <<<'RUN --mount=type=secret,id=nosuch,required true'
refuses "the ssh agent default is required" 3:1: <<<'RUN --mount=type=ssh,required true'
refuses "security.insecure" 3:1: <<<'RUN --security=insecure true'
refuses "network.host" 3:1: <<<'RUN --network=host true'
refuses "CDI" 3:1: <<<'RUN --device=vendor.com/gpu=all true'
refuses "exit code 5" 3:1: <<<'RUN ["/bin/busybox", "sh", "-c", "echo the last line; exit 5"]'
want "the last line" "$work/err"
compose fsck
