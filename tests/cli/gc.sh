#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# gc and `image rm` while a project runs and a pull is under way: what is in use stays, the rest goes.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-alone.sh"
# shellcheck source=tests/lib-image.sh
. "$(dirname "$0")/../lib-image.sh"
busybox_image

cat >compose.yaml <<'END'
name: gc
services:
  server: {image: busybox, command: sleep 1000, restart: always, stop_signal: SIGKILL}
END
compose up -d
compose logs -f >/dev/null 2>&1 & # reads the state for as long as it likes
logs=$!
at_exit eval "kill $logs 2>/dev/null; wait $logs 2>/dev/null"
layers() { find "$COMPOSE_STATE_DIR/layers" -mindepth 1 -maxdepth 1 | wc -l; }
before=$(layers)

# A name goes, and all that only it kept; with the monitor there, and somebody who follows logs.
random_image image.tar other:1 2 10 1000
compose image load -q -i image.tar
[ "$(layers)" = $((before + 2)) ] || fail "layers: $before, then $(layers)"
compose image rm other:1 >/dev/null
[ "$(layers)" = "$before" ] || fail "image rm left $(($(layers) - before)) layers"

# Asked first; said beforehand; what runs is spared.
compose image load -q -i image.tar
compose --dry-run gc -a >out
want "Would free" out
[ "$(layers)" = $((before + 2)) ] || fail "a dry run removed something"
must_fail "--force" compose gc -a </dev/null
compose gc -a --force >out
want "1 images, 2 layers" out
grep -qE "[1-9][0-9]* cache entries" out || fail "the cache of the build: $(cat out)"
python3 -c 'import sqlite3, sys; assert not sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM build_cache").fetchone()[0]' "$COMPOSE_STATE_DIR/state.db" ||
	fail "the cache of the build is there still"
compose exec -T server true || fail "the service has lost its image"
compose up -d --force-recreate >/dev/null 2>&1 || fail "its image is not whole"
compose fsck >/dev/null || fail "the store is damaged"
compose gc -a >out
want "Nothing to remove" out

# Of a process that was killed nothing is spared.
compose image load -q -i image.tar &
pid=$!
read -rt 0.03 <> <(:) || :
kill -9 $pid 2>/dev/null || :
wait $pid 2>/dev/null || :
compose gc -a --force >/dev/null
[ "$(layers)" -le "$before" ] || fail "$(layers) layers are left"
compose down
