#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Networks: isolation, aliases, addresses, internal, network_mode, names, hosts, what a container may see.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-alone.sh"
busybox_image

cat >compose.yaml <<'END'
name: ne
x-one: &one {image: busybox, stop_signal: SIGKILL, command: sh -c 'mkdir /w; hostname >/w/index.html; exec httpd -f -p 80 -h /w'}
services:
  front: {<<: *one, networks: {one: {aliases: [face]}}}
  both: {<<: *one, networks: {one: , two: {ipv4_address: 10.77.0.9}}, hostname: middle, domainname: example.test}
  back: {<<: *one, networks: [two], extra_hosts: ["made.up:192.0.2.7"], dns_search: [example.test]}
  closed: {<<: *one, networks: [inside]}
  beside: {<<: *one, command: sleep 1000, network_mode: "service:front"}
  alone: {<<: *one, command: sleep 1000, network_mode: none}
  hosted: {<<: *one, command: sleep 1000, network_mode: host}
networks:
  one:
  two: {ipam: {config: [{subnet: 10.77.0.0/24, gateway: 10.77.0.1}]}}
  inside: {internal: true}
END
compose up -d
known
at() { compose exec -T "$@"; }
# busybox's static wget may crash when it looks up names: nc and nslookup don't.
gets() {
	local ip=$2
	[[ $ip == *.*.*.* ]] || ip=$(name_of "$1" "$2" | awk '/^Address: / {print $2; exit}')
	[ -n "$ip" ] || return 1
	at "$1" sh -c "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 $ip 80" 2>/dev/null | sed '1,/^\r*$/d' | grep .
}
name_of() { at "$1" nslookup -type=a "$2" 2>&1; }
serves() { [ "$(gets front both)" = middle ] && gets both front && gets both back; }
wait_for 5 serves
[ "$(gets front both)" = middle ] || fail "front cannot reach both"
gets both front >/dev/null || fail "both cannot reach front"
gets both back >/dev/null || fail "both cannot reach back"
if gets front back 2>/dev/null; then fail "front reaches back through its name"; fi
if gets front 10.77.0.9 2>/dev/null; then fail "front reaches another network by address"; fi
if name_of front back | grep -q '^Address: 10'; then fail "front knows the name of back"; fi
name_of both face | grep -q '^Address: 1' || fail "no alias"
at both ip -4 addr | grep -q '10\.77\.0\.9/24' || fail "the address that was asked for: $(at both ip addr)"
[ "$(at both hostname)" = middle ] || fail "hostname"
at back grep -qE '192\.0\.2\.7\s+made\.up' /etc/hosts || fail "extra_hosts: $(at back cat /etc/hosts)"
at back grep -q 'search example.test' /etc/resolv.conf || fail "dns_search: $(at back cat /etc/resolv.conf)"
if at closed ip route | grep -q default; then fail "an internal network has a way out"; fi
[ "$(at beside ip addr show eth0)" = "$(at front ip addr show eth0)" ] || fail "network_mode service"
[ "$(gets beside 127.0.0.1)" = "$(at front hostname)" ] || fail "not the same loopback"
[ "$(at alone ls /sys/class/net 2>/dev/null | xargs)" = lo ] || fail "network_mode none: $(at alone ls /sys/class/net)"
at hosted ip -o link | grep -q ' br-' || fail "network_mode host: $(at hosted ip -o link)"

# A replica more has the same name; one that stops goes out of it.
compose up -d --scale back=2
[ "$(name_of both back | grep -c '^Address: 10')" = 2 ] || fail "names of replicas: $(name_of both back)"
compose up -d --scale back=1
one_name() { [ "$(name_of both back | grep -c '^Address: 10')" = 1 ]; }
wait_for 5 one_name
must_fail "overlaps" compose -p other -f - up -d <<'END'
services: {x: {image: busybox, command: sleep 1000, networks: [n]}}
networks: {n: {ipam: {config: [{subnet: 10.77.0.0/25}]}}}
END
compose -p other -f - down 2>/dev/null <<'END'
services: {x: {image: busybox}}
END
must_fail "10.77.0.9" compose -p third -f - up -d <<'END'
services: {x: {image: busybox, command: sleep 1000, networks: {n: {ipv4_address: 10.77.0.9}}}}
networks: {n: {external: true, name: ne_two}}
END
compose -p third -f - down 2>/dev/null <<'END'
services: {x: {image: busybox}}
END
must_fail "nowhere" compose -p fourth -f - up -d <<'END'
services: {x: {image: busybox, command: sleep 1000, networks: [n]}}
networks: {n: {external: true, name: nowhere}}
END
compose down -v 2>/dev/null
check_clean
