#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# IPv6, addresses of the user's choice, a name server that can't have port 53, containers kept from each other, steps of a build.
# shellcheck source=tests/engine/lib-net.sh disable=SC2154
. "$(dirname "$0")/lib-net.sh"

# somebody has port 53 on every address
"$build/net-tool" echo 53 &
at_exit stop $!
udp_53() { grep -q ':0035 ' /proc/net/udp6; }
wait_for 5 udp_53

# IPv6, static addresses
net 'create six ipv6 subnet=10.77.0.0/24 gateway=10.77.0.254' >"$work/out" || fail "$(cat "$work/out")"
container a && a=$pid a_id=$id
container b && b=$pid b_id=$id
net "up $a_id p-a-1 $a net=six,a ip=10.77.0.33 publish=8080:80" "up $b_id p-b-1 $b net=six,b mac=02:00:00:00:00:07" >"$work/out" ||
	fail "$(cat "$work/out")"
cat "$work/out"
want '10.77.0.33' "$work/out"
serve "$a" 80 "six"
six=$(within "$a" ip -6 -br addr show eth0 | grep -o 'fd[0-9a-f:]*' | head -1)
[ "$(page "$b" "$six" 80)" = six ] || fail "IPv6 between containers"
wait_for 5 page "$lan" 2001:db8::1 8080 # the link between them may be new
[ "$(page "$lan" 2001:db8::1 8080 /cgi-bin/who)" = 2001:db8::9 ] || fail "the client's IPv6 address is lost"
[ "$(page - ::1 8080)" = six ] || fail "IPv6 loopback"
serve "$lan" 80 "outside"
[ "$(page "$b" 2001:db8::9 80 /cgi-bin/who)" = 2001:db8::1 ] || fail "no way out by IPv6"
within "$b" ip link show eth0 | grep -q 02:00:00:00:00:07 || fail "mac"
resolve "$b" 10.77.0.254 a | grep -q 10.77.0.33 || fail "names on another port: $(resolve "$b" 10.77.0.254 a)"

# kept from each other
net 'create apart opt=com.docker.network.bridge.enable_icc:false opt=com.docker.network.driver.mtu:1300' >"$work/out" || fail "$(cat "$work/out")"
container c && c=$pid c_id=$id
container d && d=$pid d_id=$id
net "up $c_id p-c-1 $c net=apart" "up $d_id p-d-1 $d net=apart" >"$work/out" || fail "$(cat "$work/out")"
serve "$c" 80 "apart"
c_ip=$(within "$c" ip -4 -br addr show eth0 | awk '{print $3}' | cut -d/ -f1)
[ "$(page - "$c_ip" 80)" = apart ] || fail "the host can't reach it"
if page "$d" "$c_ip" 80 >/dev/null; then fail "not kept apart"; fi
[ "$(page "$d" 192.0.2.9 80)" = outside ] || fail "no way out of an isolated network"
within "$c" ip link show eth0 | grep -q 'mtu 1300' || fail "mtu"

# a step: the way out, no name; its network goes with the tool that made it
container s && s=$pid s_id=$id
(
	printf '%s\n' "up $s_id - $s" wait
	wait_for 5 page "$s" 192.0.2.9 80
	page "$s" 192.0.2.9 80 >"$work/step" || :
	kill -9 "$s" # its interface goes with its namespace
	echo "down $s_id"
) | "$build/net-tool" >"$work/out" || fail "$(cat "$work/out")"
[ "$(cat "$work/step")" = outside ] || fail "a step has no way out"
[ "$(net list | grep -c '^bridge ')" = 0 ] || fail "the network of steps is still there"

# plugged and unplugged at once
container e && e=$pid e_id=$id
net "up $e_id p-e-1 $e net=apart publish=8090:80" "down $e_id" >"$work/out" && fail "plugged without a lease"
want "has no reservation" "$work/out"
if nft list ruleset | grep -q 8090; then fail "a port is still led to who is gone"; fi

kill -9 "$a" "$b" "$c" "$d" "$e"
net "recover" wait 'remove six' 'remove apart'
check_clean
