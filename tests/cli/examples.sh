#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each example loads without a word; those that an engine can run come up, say what they should, and go down.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"

# What the services of an example write.
declare -A says=(
	[build]="hello, version 1"
	[configs]="A config from a file."
	[depends-on]="app started"
	[deploy]="working on"
	[develop]="serving"
	[environment]="COLOUR=red"
	[extends]="worker logs debug"
	[fragments]="two logs debug"
	[include]="this is the database"
	[interpolation]="COLON=default"
	[merge]="mode development"
	[networks]="front does not reach db"
	[profiles]="app"
	[secrets]="no secrets here"
	[services]="hello from a container"
	[volumes]="started 1 times"
)
# Those that tests of their own run, and those of what no engine does yet.
elsewhere=" busybox crawler quickstart "
loads_only=" models providers "

cp -r "$top/examples/." "$work/examples"
cd "$work/examples"
for example in *; do
	[ -n "${says[$example]-}" ] || [[ "$elsewhere$loads_only" == *" $example "* ]] ||
		fail "examples/$example is not in this test"
	[ "$(wc -l <"$example/README.md")" = 2 ] || fail "examples/$example/README.md has not two lines"
	compose --project-directory "$example" config -q 2>"$work/err" || { cat "$work/err" >&2; fail "$example"; }
	[ ! -s "$work/err" ] || { cat "$work/err" >&2; fail "examples/$example does not load without a word"; }
done

need_root
need busybox
compose --project-directory busybox build -q

has_said() { compose --project-directory "$1" logs --no-log-prefix | grep -qF -- "$2"; }

run_example() {
	local example=$1
	PORT=$(free_port)
	export PORT
	at_exit compose --project-directory "$work/examples/$example" down -v -t 0
	# Through a pipe, as a script would: what goes on running doesn't hold it.
	timeout 120 bash -c 'compose --project-directory "$1" up -d 2>&1 | cat >"$2"; exit "${PIPESTATUS[0]}"' \
		up "$example" "$work/err" || { cat "$work/err" >&2; fail "up: $example"; }
	wait_for 30 has_said "$example" "${says[$example]}"
	compose --project-directory "$example" down -v -t 0 2>"$work/err" || { cat "$work/err" >&2; fail "down: $example"; }
	[ -z "$(compose --project-directory "$example" ps -aq)" ] || fail "$example: containers are left"
}

for example in "${!says[@]}"; do run_example "$example"; done

# What no engine does is refused, by name.
for example in $loads_only; do must_fail "is not done yet" compose --project-directory "$example" up -d; done
