#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# No room, no right to write, no program: one clear error each, nothing left, and it works again when there is what was missing.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-alone.sh"
. "$top/tests/lib-registry.sh"
start_registry
these_are_mine

# Its image is made elsewhere, and comes from a registry.
export CONTAINERS_REGISTRIES_CONF=$work/none
other() { COMPOSE_STATE_DIR=$work/other COMPOSE_RUN_DIR=$work/other-run compose "$@"; }
mkdir -p "$work/made"
head -c 3000000 /dev/urandom >"$work/made/noise"
cat >"$work/made/compose.yaml" <<END
services:
  i:
    image: $registry/i:1
    build:
      context: .
      additional_contexts: {machine: /usr/bin}
      dockerfile_inline: |
        FROM scratch
        COPY --from=machine busybox /bin/busybox
        RUN ["/bin/busybox", "--install", "-s", "/bin"]
        COPY noise /
END
other --project-directory "$work/made" build -q
other --project-directory "$work/made" push -q

# A state directory with little room: fill N leaves N bytes of it free.
mkdir -p "$COMPOSE_STATE_DIR"
mount -t tmpfs -o size=24m tmpfs "$COMPOSE_STATE_DIR"
at_exit umount -l "$COMPOSE_STATE_DIR"
fill() {
	rm -f "$COMPOSE_STATE_DIR/ballast"
	local free
	free=$(($(stat -f -c '%a * %S' "$COMPOSE_STATE_DIR")))
	[ "$free" -le "$1" ] || head -c $((free - $1)) /dev/zero >"$COMPOSE_STATE_DIR/ballast" || :
}
room() { rm -f "$COMPOSE_STATE_DIR/ballast"; }
one_error() { # its message is one, and names the reason
	[ "$(grep -c 'error:' "$work/err")" = 1 ] || fail "not one error: $(cat "$work/err")"
	grep -qi "no space left" "$work/err" || fail "not what is wrong: $(cat "$work/err")"
}
no_room() {
	if "$@" >"$work/out" 2>"$work/err"; then fail "there was room: $*"; fi
	one_error
}

cat >compose.yaml <<END
name: full
services:
  web: {image: "$registry/i:1", command: sleep 1000, stop_signal: SIGKILL, volumes: [data:/data]}
volumes: {data: }
END
fill 2000000
no_room compose pull
fill 300000
no_room compose pull
room
compose fsck >/dev/null
compose pull -q
check_clean "pull"

head -c 6000000 /dev/urandom >big
cat >build.yaml <<END
name: build
services:
  b:
    build:
      context: .
      dockerfile_inline: |
        FROM $registry/i:1
        RUN head -c 3000000 /dev/urandom >/first
        COPY big /
END
fill 4000000
no_room compose -f build.yaml build
fill 1000000
no_room compose -f build.yaml build
grep -qi "no space left" "$work/err" || fail "a RUN has no room: $(cat "$work/err")"
room
compose fsck >/dev/null
compose -f build.yaml build -q
check_clean "build"

for left in 0 4096 20000; do
	fill $left
	if compose up -d >"$work/out" 2>"$work/err"; then compose down -v >/dev/null 2>&1 || :; else one_error; fi
	room
	compose down -v >/dev/null 2>&1
	check_clean "up with $left bytes"
done
compose up -d 2>/dev/null
running web || fail "does not run when there is room again"
known

# A container that says more than there is room for goes on; its log does when there is room again.
cat >talk.yaml <<END
name: talk
services:
  web: {image: "$registry/i:1", command: "sh -c 'while :; do echo a line of some length that fills a log; [ -e /stop ] || continue; echo THE END; sleep 1000; done'", stop_signal: SIGKILL}
END
compose -f talk.yaml up -d 2>/dev/null
known
is_full() { [ "$(stat -f -c %a "$COMPOSE_STATE_DIR")" = 0 ]; }
wait_for 30 is_full
# (Not by ps: there may be no room for the database to be opened in.)
pgrep -f 'some length that fills' >/dev/null || fail "a container died of a full disk"
compose -f talk.yaml down -v >"$work/out" 2>"$work/err" || one_error
mount -o remount,size=30m "$COMPOSE_STATE_DIR"
compose -f talk.yaml down -v 2>"$work/err" || fail "down with room: $(cat "$work/err")"
compose down -v 2>/dev/null
check_clean "full log"

# Only reading.
mount -o remount,ro "$COMPOSE_STATE_DIR"
must_fail "$COMPOSE_STATE_DIR" compose up -d
want "ead-only" "$work/err"
[ "$(grep -c 'error:' "$work/err")" = 1 ] || fail "not one error: $(cat "$work/err")"
mount -o remount,rw "$COMPOSE_STATE_DIR"
check_clean "read-only"

# Programs that are not there.
must_fail "crun" env COMPOSE_RUNTIME=/nowhere/crun compose up -d
[ "$(grep -c 'error:' "$work/err")" = 1 ] || fail "not one error: $(cat "$work/err")"
compose down -v 2>/dev/null
# without PROGRAM: none of that name where programs are.
without() {
	local dir
	mkdir -p "$work/real"
	for dir in /usr/bin /usr/sbin /usr/local/bin /usr/local/sbin /usr/lib/podman /usr/libexec/podman; do
		[ -e "$dir/$1" ] || continue
		rm -rf "$work/fake$dir"
		mkdir -p "$work/real$dir" "$work/fake$dir"
		mount --bind "$dir" "$work/real$dir"
		find "$work/real$dir" -mindepth 1 -maxdepth 1 ! -name "$1" -exec ln -s -t "$work/fake$dir" {} +
		mount --bind "$work/fake$dir" "$dir"
		hidden+=("$dir")
	done
}
back() {
	local dir
	for dir in "${hidden[@]}"; do umount "$dir" && umount "$work/real$dir"; done
	hidden=()
}
hidden=()
at_exit back
for package in crun:crun nft:nftables aardvark-dns:aardvark-dns; do
	without "${package%%:*}"
	must_fail "${package#*:}" compose up -d
	back
	want "install the package" "$work/err"
	[ "$(grep -c 'error:' "$work/err")" = 1 ] || fail "not one error: $(cat "$work/err")"
	compose down -v 2>/dev/null
done
check_clean "without a program"
compose up -d 2>/dev/null
running web || fail "does not run when all is there"
known
compose down -v 2>/dev/null
check_clean "at the end"
