#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Names, published ports from everywhere, the way out, isolation; nothing is left.
# shellcheck source=tests/engine/lib-net.sh disable=SC2154
. "$(dirname "$0")/lib-net.sh"

net 'create front' 'create back internal' >"$work/out" || fail "$(cat "$work/out")"
container web && web=$pid web_id=$id
container db && db=$pid db_id=$id
container other && other=$pid other_id=$id
net "up $web_id shop-web-1 $web net=front,web net=back,web publish=8080:80 publish=127.0.0.1:8081:80 publish=5300:53/udp" \
	"up $db_id shop-db-1 $db net=back,db" >"$work/out" || fail "$(cat "$work/out")"
cat "$work/out"
net 'create third' "up $other_id shop-other-1 $other net=third" >"$work/out" || fail "$(cat "$work/out")"
cat "$work/out"

# eth0 is on back, which comes first by its name
web_back=$(within "$web" ip -4 -br addr show eth0 | awk '{print $3}' | cut -d/ -f1)
web_ip=$(within "$web" ip -4 -br addr show eth1 | awk '{print $3}' | cut -d/ -f1)
back_gw=$(net list | awk '/^back/{print $2}' | sed 's,0/16,1,')
serve "$web" 80 "the page"
serve "$lan" 80 "outside"

# names
resolve "$db" "$back_gw" web | grep -q "$web_back" || fail "db can't resolve web"
for name in db shop-db-1 "${db_id:0:12}"; do
	resolve "$web" "$back_gw" "$name" | grep -q '^Address: 1' || fail "web can't resolve $name"
done
if resolve "$other" "$(within "$other" ip route | awk '/default/{print $3}')" db | grep -q '^Address: 1'; then fail "other resolves db"; fi
page "$db" "$web_back" 80 | grep -q 'the page' || fail "db to web"

# published ports
[ "$(page - 127.0.0.1 8080)" = "the page" ] || fail "loopback"
[ "$(page - 127.0.0.1 8081)" = "the page" ] || fail "loopback alone"
[ "$(page - 192.0.2.1 8080)" = "the page" ] || fail "own address"
[ "$(page - ::1 8080)" = "the page" ] || fail "IPv6 loopback"
[ "$(page "$lan" 192.0.2.1 8080)" = "the page" ] || fail "neighbour"
[ "$(page "$lan" 2001:db8::1 8080)" = "the page" ] || fail "neighbour by IPv6"
[ "$(page "$lan" 192.0.2.1 8080 /cgi-bin/who)" = 192.0.2.9 ] || fail "the client's address is lost: $(page "$lan" 192.0.2.1 8080 /cgi-bin/who)"
[ "$(page - 192.0.2.1 8080 /cgi-bin/who)" = 192.0.2.1 ] || fail "the host's address is lost"
[ "$(page "$web" 192.0.2.1 8080)" = "the page" ] || fail "itself"
[ "$(page "$other" 192.0.2.1 8080)" = "the page" ] || fail "from another network"
if page "$lan" 192.0.2.1 8081 >/dev/null 2>&1; then fail "a loopback port is seen from outside"; fi

# the way out
[ "$(page "$web" 192.0.2.9 80)" = outside ] || fail "no way out"
[ "$(page "$web" 192.0.2.9 80 /cgi-bin/who)" = 192.0.2.1 ] || fail "no NAT"
if page "$db" 192.0.2.9 80 >/dev/null 2>&1; then fail "a way out of an internal network"; fi

# isolation
if page "$other" "$web_ip" 80 >/dev/null 2>&1; then fail "networks are not isolated"; fi
within "$lan" ip route add "$web_ip/32" via 192.0.2.1
if page "$lan" "$web_ip" 80 >/dev/null 2>&1; then fail "an unpublished port is seen from outside"; fi

# udp
nsenter -t "$web" -n "$build/net-tool" echo 53 &
at_exit stop $!
udp() {
	within "$1" timeout 2 bash -c 'exec 3<>"/dev/udp/$0/5300" && echo hello >&3 && [ "$(timeout 1 head -n 1 <&3)" = hello ]' "$2"
}
wait_for 5 udp - 127.0.0.1
udp - 192.0.2.1 || fail "udp from the host"
udp "$lan" 192.0.2.1 || fail "udp from a neighbour"
udp "$web" 192.0.2.1 || fail "udp from itself"
udp - ::1 || fail "udp by IPv6 loopback"

# a taken port
net "up $(printf 'a%.0s' {1..64}) x $other net=third publish=8080:80" >"$work/out" && fail "a port of another container"
want "is taken by container shop-web-1" "$work/out"
busybox nc -l -p 9999 >/dev/null &
nc=$!
at_exit stop $nc
wait_for 5 listens - 9999
net "up $(printf 'a%.0s' {1..64}) x $other net=third publish=9999:80" >"$work/out" && fail "a taken port"
want "is taken by busybox (process $nc)" "$work/out"

# the end
net "remove front" >"$work/out" && fail "a network in use is removed"
want "in use by shop-web-1" "$work/out"
for p in "$web" "$db" "$other"; do kill -9 "$p"; done
net "down $web_id" "down $db_id" "down $other_id" wait 'remove front' 'remove back' 'remove third'
check_clean
