#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# compose-net, aardvark-dns and whoever runs them are killed at random moments: the next one puts it right, and nothing is left.
# shellcheck source=tests/engine/lib-net.sh disable=SC2154
. "$(dirname "$0")/lib-net.sh"
rounds=${NET_KILL_ROUNDS:-40}
RANDOM=${NET_KILL_SEED:-7}

container a && a=$pid a_id=$id
serve "$a" 80 "a"
container b && b=$pid b_id=$id
ups="up $a_id p-a-1 $a net=n,a publish=8080:80"
gw=

# Kills a program of ours (by what is in its command line) some moments after the tool has begun.
kill_one() {
	local p
	for p in $(ours "$1"); do kill -9 "$p" 2>/dev/null || :; done
	return 0
}

nap() { read -rt "$1" <> <(:) || :; }
for ((i = 0; i < rounds; i++)); do
	printf '%s\n' 'create n' "$ups" "up $b_id p-b-1 $b net=n,b" wait "down $b_id" wait "down $a_id" 'wait' 'remove n' |
		"$build/net-tool" >"$work/tool" 2>&1 &
	tool=$!
	nap "0.0$((RANDOM % 90 + 10))"
	case $((i % 3)) in
	0) kill -9 $tool 2>/dev/null || : ;;
	1) kill_one '^[^ ]*compose-net' ;;
	2) kill_one 'aardvark-dns' ;;
	esac
	wait $tool 2>/dev/null || :

	# it comes back: as it was wanted, whatever had been left
	net 'recover' >"$work/out" || fail "recover: $(cat "$work/out")"
	net 'create n' >"$work/out" || grep -q 'exists already' "$work/out" || fail "$(cat "$work/out")"
	net "down $a_id" "down $b_id" >"$work/out" || fail "round $i: $(cat "$work/out")"
	kill_one 'compose-port' # it goes with its container; these live on
	net "$ups" "up $b_id p-b-1 $b net=n,b" >"$work/out" || fail "round $i: $(cat "$work/out")"
	gw=$(net list | awk '/^n /{print $2}' | sed 's,0/16,1,')
	[ "$(page - 127.0.0.1 8080)" = a ] || fail "round $i: loopback"
	[ "$(page "$lan" 192.0.2.1 8080)" = a ] || fail "round $i: published"
	resolve "$b" "$gw" a | grep -q '^Address: 1' || fail "round $i: names: $(resolve "$b" "$gw" a)"
	net "down $a_id" "down $b_id" wait 'remove n' >"$work/out" || fail "round $i: $(cat "$work/out")"
	kill_one 'compose-port'
	check_clean
done

# aardvark-dns killed while containers run: recover starts it anew
net 'create n' "$ups" "up $b_id p-b-1 $b net=n,b" >/dev/null
kill_one 'aardvark-dns'
net "recover $a_id $b_id" >"$work/out" || fail "recover: $(cat "$work/out")"
gw=$(net list | awk '/^n /{print $2}' | sed 's,0/16,1,')
resolve "$b" "$gw" a | grep -q '^Address: 1' || fail "names after aardvark-dns was killed"

# the firewall flushed by somebody: likewise, with the next change at the latest
nft flush ruleset
net "down $b_id" >/dev/null
[ "$(page "$lan" 192.0.2.1 8080 /cgi-bin/who)" = 192.0.2.9 ] || fail "the table has not come back"

# both ended, and nobody saw it: recover alone
kill -9 "$a" "$b"
net recover
net 'remove n'
check_clean
