#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Conditions of depends_on: started, healthy, completed; and what happens when they never come true.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-alone.sh"
busybox_image

cat >compose.yaml <<'END'
name: dep
services:
  init: {image: busybox, command: "sh -c 'sleep 0.3; echo ready >/data/ready'", volumes: [data:/data]}
  db:
    image: busybox
    command: sh -c 'sleep 0.3; touch /healthy; sleep 1000'
    stop_signal: SIGKILL
    healthcheck: {test: [CMD, test, -e, /healthy], interval: 10s, start_interval: 50ms, start_period: 10s}
  app:
    image: busybox
    command: sh -c 'cat /data/ready; sleep 1000'
    stop_signal: SIGKILL
    volumes: [data:/data]
    depends_on: {init: {condition: service_completed_successfully}, db: {condition: service_healthy}}
volumes: {data: }
END
compose up -d
known
compose ps db | grep -q '(healthy)' || fail "started before it was healthy"
wait_for 5 says app ready
running app db || fail "running: $(compose ps)"
compose down -v

cat >bad.yaml <<'END'
name: dep
services:
  init: {image: busybox, command: "sh -c 'exit 7'"}
  app: {image: busybox, command: sleep 1000, depends_on: {init: {condition: service_completed_successfully}}}
END
must_fail "exit 7" compose -f bad.yaml up -d
[ -z "$(compose -f bad.yaml ps -q app)" ] || fail "app runs though init failed"
compose -f bad.yaml down

cat >sick.yaml <<'END'
name: dep
services:
  db:
    image: busybox
    command: sleep 1000
    stop_signal: SIGKILL
    healthcheck: {test: "echo the disk is broken; exit 1", interval: 50ms, retries: 2}
  app: {image: busybox, command: sleep 1000, depends_on: {db: {condition: service_healthy}}}
  aside: {image: busybox, command: sleep 1000, stop_signal: SIGKILL}
END
must_fail "unhealthy" compose -f sick.yaml up -d
want "the disk is broken" "$work/err"
[ -z "$(compose -f sick.yaml ps -q app)" ] || fail "app runs though db is unhealthy"
[ -n "$(compose -f sick.yaml ps -q aside)" ] || fail "what does not depend on it does not run"
compose -f sick.yaml down

# A dependency that ends before it was healthy; one that is not required.
cat >ends.yaml <<'END'
name: dep
services:
  db: {image: busybox, command: "sh -c 'exit 5'", healthcheck: {test: "true", interval: 10s}}
  app: {image: busybox, command: sleep 1000, stop_signal: SIGKILL, depends_on: {db: {condition: service_healthy, required: false}}}
END
compose -f ends.yaml up -d || fail "a dependency that is not required"
[ -n "$(compose -f ends.yaml ps -q app)" ] || fail "app does not run"
compose -f ends.yaml down
sed -i 's/, required: false//' ends.yaml
must_fail "exited (5)" compose -f ends.yaml up -d
compose -f ends.yaml down

# restart: true, and --no-deps
cat >compose.yaml <<'END'
name: dep
services:
  db: {image: busybox, command: sleep 1000, stop_signal: SIGKILL, environment: {V: "${V:-1}"}}
  app: {image: busybox, command: sleep 1000, stop_signal: SIGKILL, depends_on: {db: {condition: service_started, restart: true}}}
END
compose up -d --no-deps app
running app || fail "--no-deps: $(compose ps)"
compose up -d
began=$(compose exec -T app cat /proc/1/stat | cut -d' ' -f22)
V=2 compose up -d
[ "$(compose exec -T app cat /proc/1/stat | cut -d' ' -f22)" != "$began" ] || fail "app was not restarted with db"
compose down -v 2>/dev/null
check_clean
