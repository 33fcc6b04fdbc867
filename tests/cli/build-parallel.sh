#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --parallel and COMPOSE_PARALLEL_LIMIT bound the steps of all builds together, and what is pulled for them; so does memory that is short.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
. "$top/tests/lib-registry.sh"
need_root
need crun busybox
export COMPOSE_ENGINE=local
cd "$work/project"
cp "$(command -v busybox)" busybox
{
	echo "name: par"
	echo "services:"
	for s in a b c; do echo "  $s: {image: par-$s, build: {context: ., args: {S: $s}}}"; done
} >compose.yaml
# Two stages that don't depend on each other in each of three services: each step says when it begins and when it ends.
cat >Dockerfile <<'END'
FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
FROM base AS one
ARG S
RUN echo "begin $S.one $(cut -d' ' -f1 /proc/uptime)"; usleep 200000; echo "end $S.one $(cut -d' ' -f1 /proc/uptime)"
FROM base AS two
ARG S
RUN echo "begin $S.two $(cut -d' ' -f1 /proc/uptime)"; usleep 200000; echo "end $S.two $(cut -d' ' -f1 /proc/uptime)"
FROM base
COPY --from=one /bin/busybox /one
COPY --from=two /bin/busybox /two
END
most() { # how many steps ran at once
	sed -n 's/.*| \(begin\|end\) \([^ ]*\) \([0-9.]*\)$/\3 \1/p' log | sort -n -k1,1 -k2,2r | awk '
		$2 == "begin" { n++; if (n > most) most = n } $2 == "end" { n--; ends++ } END { print most + 0, ends + 0 }'
}
built() { "$@" compose --ansi never "${limit[@]}" build --no-cache >log 2>&1 || { cat log >&2; fail "the build failed"; }; }
limit=()

limit=(--parallel 1)
built env
read -r at_once all < <(most)
[ "$all" = 6 ] || fail "not all steps said when they ran: $(cat log)"
[ "$at_once" = 1 ] || fail "--parallel 1: $at_once steps at once: $(cat log)"
limit=()
built env COMPOSE_PARALLEL_LIMIT=1
read -r at_once all < <(most)
[ "$at_once" = 1 ] || fail "COMPOSE_PARALLEL_LIMIT=1: $at_once steps at once: $(cat log)"
cpus=$(getconf _NPROCESSORS_ONLN)
built env
read -r at_once all < <(most)
[ "$at_once" -le "$cpus" ] || fail "$at_once steps at once on $cpus processors: $(cat log)"
[ "$cpus" = 1 ] || [ "$at_once" -gt 1 ] || fail "nothing overlaps: $(cat log)"

# memory is short: one after the other, and all of them
mkdir -p proc/pressure
printf 'MemTotal: 1000 kB\nMemAvailable: 10 kB\n' >proc/meminfo
built env COMPOSE_TEST_PROC="$PWD/proc"
read -r at_once all < <(most)
[ "$at_once $all" = "1 6" ] || fail "with little memory $at_once steps at once, $all in all: $(cat log)"

# what a build pulls takes from the same limit
start_registry
for s in a b; do
	compose image tag "par-$s" "$registry/par-$s"
	compose image push "$registry/par-$s" >/dev/null 2>&1
done
printf 'FROM %s AS one\nRUN true\nFROM %s\nCOPY --from=one /one /three\n' "$registry/par-a" "$registry/par-b" >Dockerfile
COMPOSE_STATE_DIR=$work/state2 compose --parallel 1 build >log 2>&1 || { cat log >&2; fail "a build that pulls within the limit"; }
