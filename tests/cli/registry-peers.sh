#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each image that we push (gzip, zstd, plain, schema 2, an index) is read by skopeo, docker and podman with the same digest; each that
# they push, we pull, and push again with the same digest. Peers that are not installed are left out, and said (skopeo must be).
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
echo '{}' >docker/config.json
start_registry ""
fresh() { rm -rf --one-file-system "$COMPOSE_STATE_DIR"; }
our_id() { compose image inspect "$1" | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["Id"])'; }
digest_at() { skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$1"; }
raw_digest() { echo "sha256:$(skopeo inspect --raw --tls-verify=false "docker://$1" | sha256sum | cut -d' ' -f1)"; }

# -- what we push --
random_image large.tar "$registry/ours/gzip:1" 2 3 700000
compose image load -q -i large.tar
id=$(our_id "$registry/ours/gzip:1")
for kind in gzip zstd plain; do
	[ "$kind" = gzip ] || compose image tag "$registry/ours/gzip:1" "$registry/ours/$kind:1"
	compose image push -q --compression "$kind" "$registry/ours/$kind:1" >"$kind.digest"
done
skopeo copy -q --format v2s2 --dest-tls-verify=false docker-archive:large.tar "docker://$registry/skopeo/v2s2:1"
platform_layout layout
skopeo copy -q --all --dest-tls-verify=false oci:layout:1 "docker://$registry/skopeo/index:1"
for kind in v2s2 index; do
	fresh
	compose image pull -q --all-platforms "$registry/skopeo/$kind:1" >/dev/null
	compose image tag "$registry/skopeo/$kind:1" "$registry/ours/$kind:1"
	compose image push -q "$registry/ours/$kind:1" >"$kind.digest"
	[ "$(cat "$kind.digest")" = "$(raw_digest "$registry/skopeo/$kind:1")" ] || fail "$kind: pulled and pushed, another digest"
done
all="gzip zstd plain v2s2 index"

# -- what skopeo pushes --
skopeo copy -q --format oci --dest-tls-verify=false docker-archive:large.tar "docker://$registry/skopeo/oci:1"
skopeo copy -q --format oci --dest-compress-format zstd --dest-tls-verify=false docker-archive:large.tar "docker://$registry/skopeo/zstd:1"

# we_pull PEER KIND...: what it has pushed; and back again, the digest stays.
we_pull() {
	local peer=$1 kind from back
	shift
	for kind; do
		fresh
		from=$registry/$peer/$kind:1 back=$registry/back-$peer/$kind:1
		compose image pull -q --all-platforms "$from" >/dev/null || fail "what $peer pushed as $kind is not pulled"
		compose image inspect "$from" >shown
		want "$(raw_digest "$from")" shown
		compose image tag "$from" "$back"
		[ "$(compose image push -q "$back")" = "$(raw_digest "$from")" ] || fail "$peer, $kind: another digest when it is pushed again"
		compose fsck >out 2>&1 || fail "fsck: $(cat out)"
	done
}
we_pull skopeo oci zstd v2s2 index
for kind in $all; do
	[ "$(digest_at "$registry/ours/$kind:1")" = "$(cat "$kind.digest")" ] || fail "skopeo sees another digest of $kind"
	rm -rf got
	skopeo copy -q --all --src-tls-verify=false "docker://$registry/ours/$kind:1" dir:got || fail "skopeo can't copy $kind"
	[ "sha256:$(sha256sum <got/manifest.json | cut -d' ' -f1)" = "$(cat "$kind.digest")" ] || fail "skopeo got another manifest of $kind"
done

# peer NAME KINDS COMMAND...: pulls ours with their digests and ids, and pushes one back, which we pull.
peer() {
	local name=$1 kinds=$2 kind
	shift 2
	for kind in $kinds; do
		"$@" pull -q "$registry/ours/$kind:1" >out 2>&1 || fail "$name pull $kind: $(cat out)"
		"$@" image inspect --format '{{.RepoDigests}}' "$registry/ours/$kind:1" >digests 2>err
		want "$registry/ours/$kind@$(cat "$kind.digest")" digests
	done
	for kind in gzip plain; do
		[ "sha256:$("$@" image inspect --format '{{.Id}}' "$registry/ours/$kind:1" 2>err | sed 's/^sha256://')" = "$id" ] ||
			fail "$name sees another id of $kind"
	done
	"$@" tag "$registry/ours/gzip:1" "$registry/$name/a:1"
	"$@" push -q "$registry/$name/a:1" >out 2>&1 || fail "$name push: $(cat out)"
	we_pull "$name" a
	[ "$name" = podman ] || [ "$(our_id "$registry/$name/a:1")" = "$id" ] || fail "another id came back from $name"
	echo "with $name: $kinds" >&2
}

if command -v dockerd >/dev/null && command -v docker >/dev/null; then
	dockerd -H "unix://$work/docker.sock" --data-root "$work/docker-data" --exec-root "$work/docker-run" -p "$work/docker.pid" \
		--iptables=false --bridge=none >dockerd.log 2>&1 &
	daemon=$!
	at_exit eval "kill $daemon 2>/dev/null; wait $daemon 2>/dev/null"
	docker=(docker -H "unix://$work/docker.sock")
	for ((i = 0; i < 300; i++)); do
		! "${docker[@]}" version >/dev/null 2>&1 || break
		kill -0 $daemon 2>/dev/null || break
		read -rt 0.1 <> <(:) || :
	done
	version=$("${docker[@]}" version --format '{{.Server.Version}}' 2>/dev/null || :)
	case $version in
	'') echo "without docker: its daemon does not start here: $(tail -1 dockerd.log)" >&2 ;;
	1?.* | 20.*) peer docker "${all/zstd /}" "${docker[@]}" ;; # knows no zstd yet
	*) peer docker "$all" "${docker[@]}" ;;
	esac
else
	echo "without docker: not installed" >&2
fi
if command -v podman >/dev/null; then
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$registry" >registries.conf
	export CONTAINERS_REGISTRIES_CONF=$work/registries.conf
	podman=(podman --root "$work/podman" --runroot "$work/podman-run" --storage-driver vfs)
	peer podman "$all" "${podman[@]}"
	for kind in oci v2s2; do "${podman[@]}" push -q --format $kind "$registry/ours/gzip:1" "$registry/podman/$kind:1" 2>err || fail "podman: $(cat err)"; done
	"${podman[@]}" push -q --format oci --compression-format zstd "$registry/ours/gzip:1" "$registry/podman/zstd:1" 2>err || fail "podman: $(cat err)"
	"${podman[@]}" manifest create list >/dev/null 2>err || fail "podman: $(cat err)"
	"${podman[@]}" manifest add --all list "docker://$registry/ours/index:1" >/dev/null 2>err || fail "podman: $(cat err)"
	"${podman[@]}" manifest push -q --all list "docker://$registry/podman/index:1" >/dev/null 2>err || fail "podman: $(cat err)"
	we_pull podman oci v2s2 zstd index
else
	echo "without podman: not installed" >&2
fi
