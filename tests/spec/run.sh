#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Each directory here is a project and what `compose config` says of it:
#
#   args          its arguments ("config" when there is none), env: lines of NAME=VALUE
#   expect        stdout, byte for byte; expect.json, expect.hash, expect.services likewise with those flags
#   error         it fails, and stderr holds each of these lines; warning: it doesn't fail, and stderr holds them
#
# @DIR@ stands for the project's directory. `run.sh NAME...` runs these alone; `UPDATE=1 run.sh NAME` writes what is expected anew.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../lib.sh"

compose=$(command -v compose) || fail "no compose program in $build"
failed=0 passed=0

# run_case NAME FLAGS...: its status; stdout and stderr are in $work.
run_case() {
	local name=$1 dir=$work/$1 args=(config) vars=()
	shift
	[ ! -e "$dir/args" ] || eval "args=($(cat "$dir/args"))"
	[ ! -e "$dir/env" ] || mapfile -t vars <"$dir/env"
	(cd "$dir" && env -i PATH="$PATH" HOME=/home/user PWD="$dir" "${vars[@]}" \
		"$compose" "${args[@]}" "$@" >"$work/out" 2>"$work/err" </dev/null) &&
		status=0 || status=$?
	sed -i "s|$dir|@DIR@|g" "$work/out" "$work/err"
}

complain() {
	echo "FAIL: tests/spec/$1: $2" >&2
	cat "$work/err" >&2
	failed=$((failed + 1))
}

# check_output NAME FILE FLAGS...
check_output() {
	local name=$1 file=$here/$1/$2
	run_case "$name" "${@:3}"
	[ "$status" = 0 ] || { complain "$name" "$2: exit $status"; return; }
	[ -z "${UPDATE:-}" ] || cp "$work/out" "$file"
	diff -u "$file" "$work/out" >&2 || { complain "$name" "$2 differs"; return; }
	passed=$((passed + 1))
}

# check_messages NAME FILE: every line of it is in stderr.
check_messages() {
	local line
	while IFS= read -r line; do
		grep -qF -- "$line" "$work/err" || { complain "$1" "not said: $line"; return; }
	done <"$here/$1/$2"
	passed=$((passed + 1))
}

check_case() {
	local name=$1
	cp -r "$here/$name" "$work/$name"
	[ ! -e "$here/$name/expect" ] || check_output "$name" expect
	[ ! -e "$here/$name/expect.json" ] || check_output "$name" expect.json --format json
	[ ! -e "$here/$name/expect.hash" ] || check_output "$name" expect.hash --hash '*'
	[ ! -e "$here/$name/expect.services" ] || check_output "$name" expect.services --services
	if [ -e "$here/$name/warning" ]; then
		run_case "$name"
		[ "$status" = 0 ] || { complain "$name" "exit $status"; return; }
		check_messages "$name" warning
	fi
	if [ -e "$here/$name/error" ]; then
		run_case "$name"
		[ "$status" = 1 ] || { complain "$name" "exit $status, and 1 was expected"; return; }
		[ ! -s "$work/out" ] || { complain "$name" "it failed and has output"; return; }
		check_messages "$name" error
	fi
}

if [ $# = 0 ]; then
	cd "$here"
	set -- */
fi
for name in "$@"; do check_case "${name%/}"; done
echo "spec: $passed checks passed, $failed failed"
[ "$failed" = 0 ]
