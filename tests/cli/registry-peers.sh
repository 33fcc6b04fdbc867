#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each image that we push is read by skopeo, docker and podman with the same digest; each that they push, we pull, with the same id.
# Peers that are not installed are left out (skopeo must be).
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
# shellcheck source=tests/lib-image.sh
source "$(dirname "$0")/../lib-image.sh"
need_root
need python3 skopeo
cd "$work"
export COMPOSE_TEST_ETC=$work/etc DOCKER_CONFIG=$work/docker
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG DOCKER_HOST
mkdir etc docker
start_registry ""
fresh() { rm -rf --one-file-system "$COMPOSE_STATE_DIR"; }
our_id() { compose image inspect "$1" | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["Id"])'; }
digest_at() { skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$1"; }

# Two layers, one of more than one block of gzip.
random_image large.tar "$registry/ours/gzip:1" 2 3 700000
compose image load -q -i large.tar
id=$(our_id "$registry/ours/gzip:1")
for kind in gzip zstd plain; do
	[ "$kind" = gzip ] || compose image tag "$registry/ours/gzip:1" "$registry/ours/$kind:1"
	compose image push -q --compression "$kind" "$registry/ours/$kind:1" >"$kind.digest"
	[ "$(digest_at "$registry/ours/$kind:1")" = "$(cat $kind.digest)" ] || fail "skopeo sees another digest of $kind"
done

# -- skopeo --
for kind in gzip zstd plain; do
	rm -rf got
	skopeo copy -q --src-tls-verify=false "docker://$registry/ours/$kind:1" dir:got || fail "skopeo can't copy $kind"
	[ "sha256:$(sha256sum <got/manifest.json | cut -d' ' -f1)" = "$(cat $kind.digest)" ] || fail "skopeo got another manifest"
done
for format in oci v2s2; do
	skopeo copy -q --format $format --dest-tls-verify=false docker-archive:large.tar "docker://$registry/skopeo/$format:1"
	fresh
	compose image pull -q "$registry/skopeo/$format:1" >/dev/null || fail "what skopeo pushed as $format is not pulled"
	compose image inspect "$registry/skopeo/$format:1" >inspect
	want "$(digest_at "$registry/skopeo/$format:1")" inspect
	# Back again, the digest stays.
	compose image tag "$registry/skopeo/$format:1" "$registry/back/$format:1"
	compose image push -q "$registry/back/$format:1" >digest
	[ "$(cat digest)" = "$(digest_at "$registry/skopeo/$format:1")" ] || fail "another digest of $format when it is pushed again"
done

# peer NAME COMMAND...: pull ours, push back, and we pull that.
peer() {
	local name=$1
	shift
	"$@" pull -q "$registry/ours/gzip:1" >out 2>&1 || fail "$name pull: $(cat out)"
	[ "$("$@" image inspect --format '{{index .RepoDigests 0}}' "$registry/ours/gzip:1")" = "$registry/ours/gzip@$(cat gzip.digest)" ] ||
		fail "$name sees another digest"
	[ "sha256:$("$@" image inspect --format '{{.Id}}' "$registry/ours/gzip:1" | sed 's/^sha256://')" = "$id" ] || fail "$name sees another id"
	"$@" tag "$registry/ours/gzip:1" "$registry/$name/a:1"
	"$@" push -q "$registry/$name/a:1" >out 2>&1 || fail "$name push: $(cat out)"
	fresh
	compose image pull -q "$registry/$name/a:1" >/dev/null || fail "what $name pushed is not pulled"
	[ "$name" = podman ] || [ "$(our_id "$registry/$name/a:1")" = "$id" ] || fail "another id came back from $name"
	compose image inspect "$registry/$name/a:1" >inspect
	want "$(digest_at "$registry/$name/a:1")" inspect
	compose fsck >out 2>&1 || fail "fsck: $(cat out)"
	echo "with $name: yes" >&2
}

if command -v dockerd >/dev/null && command -v docker >/dev/null; then
	dockerd -H "unix://$work/docker.sock" --data-root "$work/docker-data" --exec-root "$work/docker-run" -p "$work/docker.pid" \
		--iptables=false --bridge=none >dockerd.log 2>&1 &
	daemon=$!
	at_exit eval "kill $daemon 2>/dev/null; wait $daemon 2>/dev/null"
	for ((i = 0; i < 300; i++)); do
		! docker -H "unix://$work/docker.sock" version >/dev/null 2>&1 || break
		kill -0 $daemon 2>/dev/null || break
		read -rt 0.1 <> <(:) || :
	done
	if docker -H "unix://$work/docker.sock" version >/dev/null 2>&1; then
		peer docker docker -H "unix://$work/docker.sock"
	else
		echo "without docker: its daemon does not start here: $(tail -1 dockerd.log)" >&2
	fi
fi
if command -v podman >/dev/null; then
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$registry" >registries.conf
	CONTAINERS_REGISTRIES_CONF=$work/registries.conf peer podman podman --root "$work/podman" --runroot "$work/podman-run" --storage-driver vfs
fi
