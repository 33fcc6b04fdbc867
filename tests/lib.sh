# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by the shell tests. Each gets a directory of its own with its own state, and leaves nothing: what it started is stopped by its
# process id, its projects are taken down.
#
#   compose ...            the program under test, with state and run directories of this test
#   fail "why"             ends the test
#   skip "why"             ends it as skipped
#   want TEXT FILE|-       the text is in it
#   at_exit COMMAND...     run at the end, the last one first
#   wait_for SECONDS CMD   until it succeeds
#   free_port              a TCP port on loopback that nobody has

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${COMPOSE_BUILD_DIR:-$top/build}
PATH=$build:$PATH
work=$(mktemp -d "${TMPDIR:-/tmp}/compose-test.XXXXXX")
export COMPOSE_STATE_DIR=$work/state COMPOSE_RUN_DIR=$work/run
export HOME=$work/home XDG_CONFIG_HOME=$work/home/.config
mkdir -p "$HOME" "$work/project"
unset COMPOSE_FILE COMPOSE_PROJECT_NAME COMPOSE_PROFILES DOCKER_HOST

exits=()
at_exit() { exits+=("$(printf '%q ' "$@")"); }
finish() {
	local status=$? i
	set +e
	for ((i = ${#exits[@]} - 1; i >= 0; i--)); do eval "${exits[i]}"; done
	[ "$status" = 0 ] || [ "$status" = 77 ] || echo "test failed with status $status" >&2
	rm -rf --one-file-system "$work"
	exit "$status"
}
trap finish EXIT

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

skip() {
	echo "SKIP: $*" >&2
	exit 77
}

need_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }
need() {
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null || skip "needs $program"
	done
}

want() {
	grep -qF -- "$1" "$2" || {
		echo "--- $2" >&2
		cat "$2" >&2
		fail "not found: $1"
	}
}

# must_fail TEXT COMMAND...: it fails, and its message holds the text.
must_fail() {
	local text=$1
	shift
	if "$@" >"$work/out" 2>"$work/err"; then fail "should have failed: $*"; fi
	want "$text" "$work/err"
}

wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || fail "not within time: $*"
		read -rt 0.05 <> <(:) || :
	done
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# An image `busybox` in the store of this test.
busybox_image() {
	need busybox
	mkdir -p "$work/busybox"
	cat >"$work/busybox/Dockerfile" <<-'END'
		FROM scratch
		COPY --from=machine busybox /bin/busybox
		RUN ["/bin/busybox", "--install", "-s", "/bin"]
		CMD ["sh"]
	END
	cat >"$work/busybox/compose.yaml" <<-'END'
		services:
		  busybox:
		    image: busybox
		    build: {context: ., additional_contexts: {machine: /usr/bin}}
	END
	compose --project-directory "$work/busybox" build -q
}
