#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Restart policies: what the monitor brings back, how often, with which pauses, and what it leaves alone.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-alone.sh"
busybox_image

cat >compose.yaml <<'END'
name: rs
services:
  always: {image: busybox, command: "sh -c 'read t rest </proc/uptime; echo $$t >>/data/always'", restart: always, volumes: ["./data:/data"]}
  failing: {image: busybox, command: "sh -c 'echo x >>/data/failing; exit 4'", restart: "on-failure:2", volumes: ["./data:/data"]}
  succeeding: {image: busybox, command: "sh -c 'echo x >>/data/succeeding'", restart: on-failure, volumes: ["./data:/data"]}
  never: {image: busybox, command: "sh -c 'echo x >>/data/never; exit 1'", volumes: ["./data:/data"]}
  server: {image: busybox, command: sleep 1000, restart: unless-stopped, stop_signal: SIGKILL}
END
mkdir data
pid_of() { compose top "$1" 2>/dev/null | awk '$2 ~ /^[0-9]+$/ {pid = $2} END {print pid}'; }
lines() { [ "$(wc -l <"data/$1")" -ge "$2" ]; }
compose up -d
known
wait_for 10 lines failing 3
wait_for 15 lines always 5
# 100 ms, doubled each time.
python3 - data/always <<'END'
import sys
t = [float(line) for line in open(sys.argv[1])]
gaps = [b - a for a, b in zip(t, t[1:])][:4]
assert all(g > w for g, w in zip(gaps, [0.09, 0.19, 0.39, 0.79])) and gaps[3] < 5, gaps
END
compose ps -a --format json failing | grep -q '"State":"exited"' || fail "failing: $(compose ps -a failing)"
[ "$(wc -l <data/failing) $(wc -l <data/succeeding) $(wc -l <data/never)" = "3 1 1" ] ||
	fail "lives: $(wc -l <data/failing) $(wc -l <data/succeeding) $(wc -l <data/never)"

# The process is killed by somebody: it comes back. Stopped by the user: it doesn't.
pid=$(pid_of server)
kill -9 "$pid"
back() { [ "$(pid_of server)" != "$pid" ] && compose exec -T server true; }
wait_for 10 back
# The monitor is killed, then the process: the next one to look brings both back.
pid=$(pid_of server)
kill -9 "$(pgrep -x compose-monitor)"
kill -9 "$pid"
wait_for 10 back
compose stop
known
always=$(wc -l <data/always)
sleep 0.5
[ "$(wc -l <data/always)" = "$always" ] || fail "restarted after stop"
running || fail "something runs after stop: $(compose ps)"
compose down -v 2>/dev/null
check_clean
