#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What needs no engine: help, unknown commands and flags, exit codes, completion, manual pages.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
cd "$work/project"

# Every command that the help lists has a help of its own, and every option says what it does.
names() { sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'; }
check_help() { # COMMAND...
	local sub
	compose "$@" --help >"$work/help" || fail "compose $* --help"
	sed -n '/^Options:/,/^$/p' "$work/help" | grep -E '^ {2,6}-' >"$work/options"
	if grep -vE '^( {2}-.,| {5}) --[A-Za-z-]+( [^ ]+)? {3,}[^ ]' "$work/options"; then
		fail "compose $*: an option without help"
	fi
	for sub in $(names <"$work/help"); do check_help "$@" "$sub"; done
}
check_help
check_help alpha
compose help image pull | grep -q 'compose image pull' || fail "compose help image pull"
compose help >"$work/a"
compose --help >"$work/b"
cmp "$work/a" "$work/b"
compose >"$work/b"
cmp "$work/a" "$work/b"

# Mistakes.
exits() { # CODE COMMAND...
	local want=$1 got=0
	shift
	"$@" >"$work/out" 2>"$work/err" || got=$?
	[ "$got" = "$want" ] || fail "exit $got, not $want: $*"
}
exits 1 compose up --detatch
want 'unknown flag: --detatch (did you mean --detach?)' "$work/err"
want "See 'compose up --help'." "$work/err"
exits 1 compose logz
want 'did you mean "logs"' "$work/err"
exits 1 compose image pul x
want 'did you mean "pull"' "$work/err"
exits 1 compose help nothing
exits 1 compose port web
want 'Usage:  compose port' "$work/err"
exits 1 compose version extra
exits 1 compose --progress loud version
exits 1 compose watch
want 'not done yet' "$work/err"
exits 1 compose up --watch
exits 1 compose up --pull sometimes
want 'always, missing, never, build' "$work/err"
exits 1 compose up -d --abort-on-container-exit
want 'incompatible' "$work/err"
exits 1 compose down --rmi some
exits 1 compose scale
exits 1 compose cp a b
exits 1 compose --project-name x up # no file
exits 0 compose version --short
exits 0 compose --version
exits 0 compose -v
[ -s "$work/out" ] || fail "-v says nothing"
COMPOSE_PROGRESS=loud exits 1 compose version

# A reader that goes away is no failure.
set +o pipefail
compose --help | head -1 >/dev/null || fail "head"
[ "${PIPESTATUS[0]}" = 0 ] || fail "EPIPE"
set -o pipefail

# Completion.
cat >compose.yaml <<'END'
services:
  web: {image: a}
  worker: {image: a, profiles: [extra]}
  db: {image: b}
END
completes() { # EXPECTED WORD...
	local expected=$1
	shift
	[ "$(compose __complete "$@" | cut -f1 | tr '\n' ' ')" = "$expected" ] || {
		compose __complete "$@" >&2
		fail "completion of: $*"
	}
}
completes 'volumes ' vol
completes '--no-deps ' up --no-de
completes '--detach ' up --deta
completes 'web worker ' logs w
completes 'db ' up -d web d
completes 'load ls ' image l
completes '' up --scale w # a value
completes '--project-directory --project-name ' --proj
for shell in bash fish zsh; do compose completion $shell >"$work/completion.$shell"; done
must_fail 'bash, fish or zsh' compose completion tcsh
bash -n "$work/completion.bash"
# shellcheck source=/dev/null
(
	set +eu
	. "$work/completion.bash"
	COMP_WORDS=(compose logs w)
	COMP_CWORD=2
	_compose
	[ "${COMPREPLY[*]}" = "web worker" ]
) || fail "the completion of bash"
(cd / && compose __complete -f "$work/project/compose.yaml" logs w) | grep -q web || fail "-f before"

# Manual pages: one for each command, and none with a fault that man would tell.
compose __man "$work/man"
for page in compose compose-up compose-image-pull compose-run; do
	[ -s "$work/man/$page.1" ] || fail "no page $page"
done
grep -q 'fB\\-\\-detach' "$work/man/compose-up.1" || fail "--detach in compose-up(1)"
if command -v man >/dev/null; then
	for page in "$work"/man/*.1; do
		man --warnings -E UTF-8 -l "$page" 2>&1 >/dev/null | tee "$work/warnings"
		[ ! -s "$work/warnings" ] || fail "$page"
	done
fi
