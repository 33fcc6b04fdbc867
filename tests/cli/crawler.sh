#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main story, as examples/crawler tells it: build, push, remove, pull, up, look, stop, start, down.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-registry.sh"
need_root
debian_rootfs
start_registry
docker_hub_is_the_registry

# What Docker Hub would have: debian and redis.
mkdir -p "$work/hub"
ln "$rootfs" "$work/hub/rootfs.tar" 2>/dev/null || cp "$rootfs" "$work/hub/rootfs.tar"
cat >"$work/hub/compose.yaml" <<END
services:
  debian:
    image: $registry/library/debian:bookworm-slim
    build:
      context: .
      dockerfile_inline: |
        FROM scratch
        ADD rootfs.tar /
        CMD ["bash"]
  redis:
    image: $registry/library/redis:7
    build:
      context: .
      additional_contexts: {debian: "service:debian"}
      dockerfile_inline: |
        FROM debian
        RUN apt-get update -q && apt-get install -q -y --no-install-recommends redis-server
        VOLUME /data
        WORKDIR /data
        EXPOSE 6379
        CMD ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no"]
END
compose --project-directory "$work/hub" build
compose --project-directory "$work/hub" push
compose image rm "$registry/library/debian:bookworm-slim" "$registry/library/redis:7"
rm -rf "$work/hub"

cp -r "$top/examples/crawler/." "$work/project"
cd "$work/project"
export REGISTRY=$registry CRAWLER_PORT
CRAWLER_PORT=$(free_port)
at_exit compose --project-directory "$work/project" -p crawler down -v --rmi all
c() { compose -p crawler "$@"; }

c build
c push
c down --rmi all
compose image ls -q | xargs -r compose image rm -f
c pull
c up -d
c ps >"$work/ps"
want crawler-redis-1 "$work/ps"
want crawler-site-1 "$work/ps"

three_items() { [ "$(c exec -T redis redis-cli llen quotes:items)" = 3 ]; }
wait_for 90 three_items
c logs crawler >"$work/logs"
want "Spider closed" "$work/logs"
timeout 60 compose -p crawler logs -f crawler >"$work/followed" || fail "logs -f did not end with the crawler"
want "Spider closed" "$work/followed"
c exec -T redis redis-cli lrange quotes:items 0 -1 >"$work/items"
want "A queue is a promise" "$work/items"

c stop
c ps -q >"$work/ps"
[ ! -s "$work/ps" ] || fail "something runs after stop"
c start redis site
[ "$(c exec -T redis redis-cli llen quotes:items)" -ge 3 ] || wait_for 10 three_items
c down -v
[ -z "$(c ps -aq)" ] || fail "containers are left after down"
