# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced in place of lib.sh, as the first thing, by tests that bring projects up: the test runs on in process, mount and network
# namespaces of its own, where all that is there is its own, and where whatever it leaves is seen, and ends with it.
#
#   leftovers                  what is left of us: processes, mounts, interfaces, firewall, control groups, files
#   check_clean                fails unless there is nothing, within some seconds
#   these_are_mine             what runs now (a server that the test has started) is none of these
#   known                      the control groups of now are ours: call it while things run (check_clean looks for these)
#   page PORT [PATH] [HOST]    what an HTTP server says there
#   running SERVICE...         these run
#   says SERVICE TEXT          its log holds the text

if [ -z "${COMPOSE_TEST_ALONE-}" ]; then
	[ "$(id -u)" = 0 ] || { echo "SKIP: needs root" >&2; exit 77; }
	unshare --net --mount --pid --fork true 2>/dev/null || { echo "SKIP: needs namespaces of its own" >&2; exit 77; }
	COMPOSE_TEST_ALONE=1 exec unshare --net --mount --pid --fork --kill-child --mount-proc bash "$0" "$@"
fi
# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_root
need busybox ip nft
ip link set lo up
cd "$work/project"
grep -v " $work" /proc/self/mountinfo | sort >"$work/mounts"
: >"$work/ids"

known() {
	find "$COMPOSE_RUN_DIR/containers" "$COMPOSE_RUN_DIR/steps" -mindepth 1 -maxdepth 1 -printf '%f\n' >>"$work/ids" 2>/dev/null || :
}

# Processes that neither are the test nor were started by it on purpose. Zombies are gone, they are only not reaped.
mine=()
these_are_mine() {
	local stat
	for stat in /proc/[0-9]*; do mine+=("${stat#/proc/}"); done
}
strangers() {
	local stat pid name state rest
	for stat in /proc/[0-9]*/stat; do
		read -r pid name state rest 2>/dev/null <"$stat" || continue
		[[ $pid = 1 || $pid = "$BASHPID" || $state == Z || $rest == "$BASHPID "* || " ${mine[*]-} " == *" $pid "* ]] && continue
		[[ $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") == "bash $0 "* ]] || echo "process $pid $name"
	done
}

cgroups_left() {
	local id
	sort -u "$work/ids" | while read -r id; do
		ls -d "/sys/fs/cgroup/compose/$id" /sys/fs/cgroup/*/compose/"$id" 2>/dev/null || :
	done
}

# A test that fails ends with its processes killed: their groups are taken along, once they are empty.
remove_cgroups() {
	local pid name
	known
	for pid in /proc/[0-9]*; do
		read -r name 2>/dev/null <"$pid/comm" || continue
		[ "${pid#/proc/}" = 1 ] || [[ $name == bash ]] || kill -9 "${pid#/proc/}" 2>/dev/null || :
	done
	for name in 1 2 3 4 5; do
		[ -n "$(cgroups_left)" ] || return 0
		cgroups_left | xargs -r rmdir 2>/dev/null || read -rt 0.1 <> <(:) || :
	done
}
at_exit remove_cgroups

# What may stay in the run directory: locks, directories and crun's own cache, no file of a container. A write that was killed leaves a temporary file, which
# is swept a minute later.
files_left() {
	find "$COMPOSE_RUN_DIR/containers" "$COMPOSE_RUN_DIR/steps" "$COMPOSE_RUN_DIR/oci" "$COMPOSE_RUN_DIR/net/aardvark" \
		"$COMPOSE_STATE_DIR/stage" -mindepth 1 -maxdepth 1 ! -path '*/oci/.cache' 2>/dev/null || :
	find "$COMPOSE_STATE_DIR/containers" "$COMPOSE_STATE_DIR/status" "$COMPOSE_STATE_DIR/volumes" -mindepth 1 -maxdepth 1 \
		! -name '.tmp-*' 2>/dev/null || :
	ls "$COMPOSE_RUN_DIR/net/dirty" 2>/dev/null || :
}

rows_left() {
	python3 - "$COMPOSE_STATE_DIR/state.db" <<-'END'
		import os, sqlite3, sys
		if os.path.exists(sys.argv[1]):
		    db = sqlite3.connect(sys.argv[1])
		    for (t,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
		        if t in ("net_network", "net_subnet", "net_container", "net_lease", "net_port", "containers", "volumes", "container_volumes", "uses"):
		            for row in db.execute(f"SELECT * FROM {t}"):
		                print("row of", t, str(row)[:200])
	END
}

leftovers() {
	strangers
	grep -v " $work" /proc/self/mountinfo | sort | comm -13 "$work/mounts" -
	ip -o link | grep -vE '^1: lo:' || :
	nft list ruleset 2>/dev/null | grep compose_ || :
	cgroups_left
	files_left
	rows_left
}
nothing_left() { [ -z "$(leftovers)" ]; }
check_clean() {
	local end=$((SECONDS + 5))
	until nothing_left; do
		[ $SECONDS -lt $end ] || fail "left over${1:+ ($1)}: $(leftovers)"
		read -rt 0.05 <> <(:) || :
	done
}

page() {
	timeout 2 bash -c 'exec 3<>"/dev/tcp/$2/$0" && printf "GET %s HTTP/1.0\r\n\r\n" "$1" >&3 && sed "1,/^\r*$/d" <&3' \
		"$1" "${2:-/}" "${3:-127.0.0.1}" 2>/dev/null
}
running() {
	local all
	all=$(compose ps --services --status running | sort | xargs)
	[ "$all" = "$(printf '%s\n' "$@" | sort | xargs)" ]
}
says() { compose logs --no-color "$1" 2>&1 | grep -qF -- "$2"; }
