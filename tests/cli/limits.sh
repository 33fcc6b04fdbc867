#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a container may do: memory, processes, cpus, user, capabilities, read-only root, ulimits, sysctls, seccomp, devices.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-alone.sh"
busybox_image

cat >compose.yaml <<'END'
name: li
x-base: &base {image: busybox, command: sleep 1000, stop_signal: SIGKILL}
services:
  plain: {<<: *base}
  small: {<<: *base, mem_limit: 32m, pids_limit: 20, cpus: 0.5, cpu_shares: 512, shm_size: 4m}
  hog: {image: busybox, mem_limit: 16m, command: "sh -c 'exec tail /dev/zero'"}
  tight: {<<: *base, user: "12:34", group_add: ["56"], cap_drop: [ALL], cap_add: [NET_RAW], read_only: true, tmpfs: [/tmp], security_opt: ["no-new-privileges:true"]}
  tuned: {<<: *base, ulimits: {nofile: {soft: 100, hard: 200}, nproc: 50}, sysctls: {net.core.somaxconn: 77}, oom_score_adj: 500, init: true}
  mighty: {<<: *base, privileged: true}
END
compose up -d
known
at() { compose exec -T "$@"; }
id=$(compose ps -q --no-trunc small)
group() { cat "/sys/fs/cgroup/$1/compose/$id/$2" 2>/dev/null || cat "/sys/fs/cgroup/compose/$id/$3"; }
[ "$(group memory memory.limit_in_bytes memory.max)" = 33554432 ] || fail "memory: $(group memory memory.limit_in_bytes memory.max)"
[ "$(group pids pids.max pids.max)" = 20 ] || fail "pids"
case $(group cpu cpu.cfs_quota_us cpu.max) in 50000 | "50000 100000") ;; *) fail "cpus: $(group cpu cpu.cfs_quota_us cpu.max)" ;; esac
at small grep -q ' /dev/shm .*size=4096k' /proc/mounts || fail "shm_size: $(at small grep shm /proc/mounts)"
at small sh -c 'for i in $(seq 40); do sleep 3 & done' >"$work/out" 2>&1 || :
grep -qi "resource\|fork" "$work/out" || fail "more processes than allowed: $(cat "$work/out")"
hog_ended() { compose ps -a --format json hog | grep -q '"ExitCode":137'; }
wait_for 20 hog_ended

status() { at "$1" grep "^$2:" /proc/1/status | cut -f2-; }
[ "$(status plain CapBnd)" = 00000000a80425fb ] || fail "capabilities by default: $(status plain CapBnd)"
[ "$(status plain Seccomp)" = 2 ] || fail "no seccomp"
[ "$(status tight CapBnd)" = 0000000000002000 ] || fail "cap_drop ALL, cap_add: $(status tight CapBnd)"
[ "$(status tight NoNewPrivs)" = 1 ] || fail "no-new-privileges"
[ "$(at tight id -u):$(at tight id -g)" = 12:34 ] || fail "user"
at tight id -G | grep -qw 56 || fail "group_add: $(at tight id -G)"
if at -u 0 tight touch /x 2>/dev/null; then fail "read_only"; fi
at tight touch /tmp/x || fail "tmpfs below a read-only root"
[ "$(at tuned sh -c 'ulimit -Sn; ulimit -Hn' | xargs)" = "100 200" ] || fail "ulimits"
[ "$(at tuned cat /proc/sys/net/core/somaxconn)" = 77 ] || fail "sysctls"
[ "$(at tuned cat /proc/1/oom_score_adj)" = 500 ] || fail "oom_score_adj"
[ "$(at tuned cat /proc/1/comm)" != sleep ] || fail "no init"
if at plain mount -t tmpfs x /mnt 2>/dev/null; then fail "mounts without privilege"; fi
if at plain sh -c 'echo 1 >/proc/sys/kernel/sysrq' 2>/dev/null; then fail "/proc/sys is writable"; fi
[ -z "$(at plain cat /proc/kcore 2>/dev/null | head -c 1)" ] || fail "/proc/kcore is not masked"
at mighty sh -c 'mkdir /mnt; mount -t tmpfs x /mnt' || fail "privileged cannot mount"
# What is asked for and cannot be is an error, before anything runs.
sed -i 's/mem_limit: 32m/mem_limit: 1k/' compose.yaml
must_fail "memory" compose up -d small
sed -i 's/cap_add: \[NET_RAW\]/cap_add: [NET_ROW]/; s/mem_limit: 1k/mem_limit: 32m/' compose.yaml
must_fail "NET_ROW" compose up -d tight
sed -i 's/NET_ROW/NET_RAW/' compose.yaml
sed -i 's/user: "12:34"/user: nobodyhere/' compose.yaml
must_fail "nobodyhere" compose up -d tight
compose down -v 2>/dev/null
check_clean
