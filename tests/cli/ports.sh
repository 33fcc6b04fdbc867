#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Published ports: address, range, udp, chosen by the kernel, taken ones, several replicas.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-alone.sh"
busybox_image

need python3
cat >compose.yaml <<'END'
name: po
services:
  web:
    image: busybox
    command: sh -c 'mkdir /w; hostname >/w/index.html; exec httpd -f -p 80 -h /w'
    stop_signal: SIGKILL
    ports: ["127.0.0.1:8001:80", "8002:80", "80"]
  range: {image: busybox, command: "sh -c 'mkdir /w; hostname >/w/index.html; exec httpd -f -p 80 -h /w'", stop_signal: SIGKILL, ports: ["8100-8102:80"], scale: 2}
  dns: {image: busybox, command: sleep 1000, stop_signal: SIGKILL, ports: ["8053:53/udp"]}
END
ip link add lan0 type veth peer name lan1
ip addr add 192.0.2.1/24 dev lan0
ip link set lan0 up
at_exit ip link del lan0
compose up -d
known
host=$(compose exec -T web hostname)
answers() { [ "$(page "$@")" = "$host" ]; }
wait_for 5 answers 8001
answers 8002 || fail "on loopback"
answers 8002 / 192.0.2.1 || fail "on an address of the host"
if answers 8001 / 192.0.2.1; then fail "a port of loopback answers elsewhere"; fi
chosen=$(compose port web 80 | head -1)
compose ps --format json web | grep -oE '"PublishedPort":[0-9]+' | sort -u >"$work/published"
[ "$(wc -l <"$work/published")" -ge 3 ] || fail "published: $(cat "$work/published") $chosen"
random=$(grep -oE '[0-9]+' "$work/published" | grep -vE '^(0|8001|8002)$')
wait_for 5 answers "$random"
one=$(page 8100) two=$(page 8101)
{ [ -n "$one" ] && [ -n "$two" ] && [ "$one" != "$two" ]; } || fail "a range: $one $two $(compose ps)"
nsenter -t "$(compose top dns | awk '$2 ~ /^[0-9]+$/ {print $2}')" -n python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 53))
while True:
    data, peer = s.recvfrom(1500)
    s.sendto(data.upper(), peer)' &
echo=$!
at_exit kill $echo
heard() {
	python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.5)
s.sendto(b"hello", ("127.0.0.1", 8053))
assert s.recv(1500) == b"HELLO"'
}
wait_for 5 heard
kill $echo
wait $echo || :

# Taken: by a container of ours, by somebody else; nothing is left of the one that wanted it.
cat >other.yaml <<'END'
name: other
services:
  web: {image: busybox, command: sleep 1000, stop_signal: SIGKILL, ports: ["8002:80"]}
END
must_fail "po-web-1" compose -f other.yaml up -d
compose -f other.yaml down
python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 8003)); time.sleep(1000)' &
at_exit kill $!
these_are_mine
wait_for 5 bash -c ': </dev/tcp/127.0.0.1/8003'
sed -i 's/8002/8003/' other.yaml
must_fail "python3" compose -f other.yaml up -d
compose -f other.yaml down
compose stop web
if page 8002; then fail "answers after stop"; fi
compose start web
wait_for 5 answers 8002
ip link del lan0
compose down -v 2>/dev/null
check_clean
