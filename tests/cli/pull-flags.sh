#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# compose pull: --policy, --ignore-pull-failures, --include-deps, --quiet and --parallel do what they say.
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
# shellcheck source=tests/lib-image.sh
source "$(dirname "$0")/../lib-image.sh"
need_root
need python3
cd "$work/project"
export COMPOSE_TEST_ETC=$work/etc DOCKER_CONFIG=$work/docker REGISTRY_LOG_ACCESSLOG_DISABLED=false
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG
mkdir "$work/etc" "$work/docker"
start_registry ""
for name in a b; do
	random_image "$name.tar" "$registry/$name:1" 1 1 1000
	compose image load -q -i "$name.tar"
	compose image push -q "$registry/$name:1" >/dev/null
done
cat >compose.yaml <<-END
	services:
	  a: {image: "$registry/a:1"}
	  b: {image: "$registry/b:1", depends_on: [a]}
	  gone: {image: "$registry/gone:1"}
END
fresh() { rm -rf --one-file-system "$COMPOSE_STATE_DIR"; }
here() { compose image inspect "$registry/$1:1" >/dev/null 2>&1; }
requests() { grep -c '"GET\|"HEAD' "$work/registry.log" || :; }

fresh
must_fail "gone:1" compose pull
fresh
compose pull --ignore-pull-failures >out 2>&1 || fail "--ignore-pull-failures: $(cat out)"
{ here a && here b; } || fail "one failure kept others from being pulled"
want "gone" out

fresh
compose pull -q b >out 2>&1
[ ! -s out ] || fail "--quiet says: $(cat out)"
{ here b && ! here a; } || fail "pull b: not b alone"
compose pull -q --include-deps b
here a || fail "--include-deps did not include a"

: >"$work/registry.log"
compose pull -q --policy missing a b
[ "$(requests)" = 0 ] || fail "--policy missing asks for what is here: $(cat "$work/registry.log")"
compose pull -q --policy always a b
[ "$(requests)" -gt 0 ] || fail "--policy always doesn't ask"
! grep -q '"GET /v2/[ab]/blobs' "$work/registry.log" || fail "what is here was fetched again"
must_fail "policy" compose pull --policy sometimes

fresh
compose --parallel 1 pull -q a b
{ here a && here b; } || fail "--parallel 1"
