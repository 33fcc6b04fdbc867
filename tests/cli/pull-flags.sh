#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# compose pull and push: each flag does what it says, and so does pull_policy in each of its forms.
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
# shellcheck source=tests/lib-image.sh
source "$(dirname "$0")/../lib-image.sh"
need_root
need python3 curl
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

# One image at a time: the requests for two don't mix.
one_by_one() { [ "$(grep -ao '"GET /v2/[ab]/' "$work/registry.log" | uniq | wc -l)" = 2 ]; }
for how in --parallel=1 --no-parallel COMPOSE_PARALLEL_LIMIT=1; do
	fresh
	: >"$work/registry.log"
	case $how in
	--parallel=1) compose --parallel 1 pull -q a b ;;
	--no-parallel) compose pull -q --no-parallel a b ;;
	*) env $how "$build/compose" pull -q a b ;;
	esac
	{ here a && here b; } || fail "$how: not pulled"
	one_by_one || fail "$how: two at once: $(cat "$work/registry.log")"
done
must_fail "COMPOSE_PARALLEL_LIMIT must be an integer" env COMPOSE_PARALLEL_LIMIT=many "$build/compose" pull a

# pull_policy in each of its forms, of an image that was pulled just now: whether `up` would ask for it.
asks() {
	printf 'services:\n  a: {image: "%s/a:1", pull_policy: %s}\n' "$registry" "$1" >policy.yaml
	compose -f policy.yaml --dry-run up -d >plan 2>&1 || fail "pull_policy: $1: $(cat plan)"
	grep -q "pull.*$registry/a:1" plan
}
for policy in missing if_not_present never build daily weekly every_1h every_1d2h; do
	! asks "$policy" || fail "pull_policy: $policy asks for it: $(cat plan)"
done
asks always || fail "pull_policy: always doesn't ask: $(cat plan)"
wait_for 5 asks every_1s
printf 'services:\n  a: {image: "%s/a:1", pull_policy: missing}\n' "$registry" >policy.yaml
: >"$work/registry.log"
compose -f policy.yaml pull -q
[ "$(requests)" = 0 ] || fail "pull asks for what is here and said to be enough"
for policy in sometimes every_x; do
	printf 'services:\n  a: {image: "%s/a:1", pull_policy: %s}\n' "$registry" "$policy" >policy.yaml
	must_fail pull_policy compose -f policy.yaml pull
done

# What can be built may fail to be pulled.
printf 'services:\n  a: {image: "%s/a:1"}\n  own: {image: "%s/own:1", build: {context: ., tags: ["%s/own:2"]}}\n' "$registry" "$registry" "$registry" >build.yaml
printf 'FROM scratch\nCOPY compose.yaml /\n' >Dockerfile
compose -f build.yaml pull >out 2>&1 || fail "an image that can be built: $(cat out)"
want "own:1" out
: >"$work/registry.log"
compose -f build.yaml pull -q --ignore-buildable
! grep -q /v2/own/ "$work/registry.log" || fail "--ignore-buildable pulls what can be built"

# -- push: each tag, what was sent once is not sent again, digests --
compose -f build.yaml build -q
compose -f build.yaml push -q
for tag in 1 2; do
	curl -fsS "http://$registry/v2/own/manifests/$tag" -H 'Accept: application/vnd.oci.image.manifest.v1+json' >$tag.json ||
		fail "own:$tag was not pushed"
done
cmp 1.json 2.json || fail "two tags, two manifests"
: >"$work/registry.log"
compose image tag "$registry/own:1" "$registry/own:3"
compose image push -q "$registry/own:3" "$registry/own:1" >digests
[ "$(sort -u digests)" = "sha256:$(sha256sum <1.json | cut -d' ' -f1)" ] || fail "digests: $(cat digests)"
[ "$(wc -l <digests)" = 2 ] || fail "digests: $(cat digests)"
! grep -q '"\(POST\|PATCH\) ' "$work/registry.log" || fail "blobs were sent again"
