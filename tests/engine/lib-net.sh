# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by the tests of networks, which run in a network namespace of their own: it plays the host. 192.0.2.1 is the
# host's address on a link to a neighbour ($lan, 192.0.2.9), which is its default route.
#
#   net LINES                  net-tool; its output
#   container NAME             a process with an empty network namespace: $pid, and an id in $id
#   within PID COMMAND...      in that network namespace
#   serve PID PORT TEXT        an HTTP server in there; the text is its page
#   page PID|- HOST PORT [PATH] what it serves, seen from there (-: from the host)

if [ -z "${NET_TEST_INSIDE-}" ]; then
	[ "$(id -u)" = 0 ] || { echo "SKIP: needs root" >&2; exit 77; }
	NET_TEST_INSIDE=1 exec unshare --net --mount bash "$0" "$@"
fi
# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
need ip nft unshare nsenter busybox
[ -x /usr/lib/podman/aardvark-dns ] || [ -x /usr/libexec/podman/aardvark-dns ] || skip "needs aardvark-dns"
[ -x "$build/net-tool" ] || skip "net-tool is not built"
export COMPOSE_LIBEXEC_DIR=$build

stop() { kill -9 "$1" 2>/dev/null; wait "$1" 2>/dev/null || :; }
net() { printf '%s\n' "$@" | "$build/net-tool"; }
within() {
	local where=$1
	shift
	if [ "$where" = - ]; then "$@"; else nsenter -t "$where" -n "$@"; fi
}

in_own_namespace() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
namespace() {
	unshare --net sleep 1000 &
	pid=$!
	at_exit stop "$pid"
	wait_for 5 in_own_namespace "$pid"
}

container() {
	namespace
	id=$(printf '%s' "$1 $RANDOM" | sha256sum | cut -c1-64)
}

listens() { within "$1" sh -c "grep -q ':$(printf %04X "$2") [0:]* 0A' /proc/net/tcp /proc/net/tcp6" 2>/dev/null ||
	within "$1" grep -q ":$(printf %04X "$2") .* 0A " "/proc/$1/net/tcp" "/proc/$1/net/tcp6"; }
serve() {
	local dir=$work/www-$1-$2
	mkdir -p "$dir/cgi-bin"
	echo "$3" >"$dir/index.html"
	printf '#!/bin/sh\necho\necho "$REMOTE_ADDR" | tr -d "[]" | sed "s/::ffff://"\n' >"$dir/cgi-bin/who"
	chmod +x "$dir/cgi-bin/who"
	nsenter -t "$1" -n busybox httpd -f -p "$2" -h "$dir" &
	at_exit stop $!
	wait_for 5 listens "$1" "$2"
}
# busybox's static wget looks names up through libraries that it must not load, and may crash.
page() {
	within "$1" timeout 1 bash -c 'exec 3<>"/dev/tcp/$0/$1" && printf "GET %s HTTP/1.0\r\n\r\n" "$2" >&3 &&
		sed "1,/^\r*$/d" <&3' "$2" "$3" "${4:-/}" 2>/dev/null
}
resolve() { within "$1" busybox nslookup -type="${4:-a}" "$3" "$2" 2>&1; }

# Processes of this network namespace whose command line matches.
ours() {
	local f p
	for f in $(grep -aslE "$1" /proc/[0-9]*/cmdline); do
		p=${f#/proc/}
		p=${p%/cmdline}
		[ "$(readlink "/proc/$p/ns/net")" != "$(readlink /proc/self/ns/net)" ] || echo "$p"
	done
}

# What is ours in the kernel and among processes.
leftovers() {
	ip -o link | grep -E ' (br-|ve)[0-9a-f]{12}' || :
	nft list tables | grep compose_ || :
	ours '^[^ ]*(aardvark-dns|compose-port)'
	ls "$COMPOSE_RUN_DIR/net/dirty" 2>/dev/null || :
}
nothing_left() { [ -z "$(leftovers)" ]; }
check_clean() { wait_for 5 nothing_left; }
sweep() {
	local p
	for p in $(ours '^[^ ]*(aardvark-dns|compose-port)'); do kill -9 "$p"; done
	return 0
}
at_exit sweep

ip link set lo up
namespace
lan=$pid
ip link add lan0 type veth peer name eth0 netns "$lan"
ip addr add 192.0.2.1/24 dev lan0
ip addr add 2001:db8::1/64 dev lan0 nodad
ip link set lan0 up
within "$lan" ip link set lo up
within "$lan" ip addr add 192.0.2.9/24 dev eth0
within "$lan" ip addr add 2001:db8::9/64 dev eth0 nodad
within "$lan" ip link set eth0 up
ip route add default via 192.0.2.9
ip -6 route add default via 2001:db8::9
