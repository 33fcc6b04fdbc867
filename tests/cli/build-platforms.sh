#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build.platforms: an index with an image for each; FROM takes the platform's; push sends all of it, up takes this machine's.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
. "$top/tests/lib-registry.sh"
need_root
need crun busybox jq
export COMPOSE_ENGINE=local
[ "$(uname -m)" = x86_64 ] || skip "its other platform is arm64"
start_registry
cd "$work/project"
cp "$(command -v busybox)" busybox

index_of() { compose image ls --digests "$1" | awk 'NR == 2 { print $3 }'; }
blob() { cat "$COMPOSE_STATE_DIR/blobs/sha256/${1#sha256:}"; }
# The config of an image's member for an architecture.
config_for() {
	local manifest
	manifest=$(blob "$(index_of "$1")" | jq -r --arg a "$2" '.manifests[] | select(.platform.architecture == $a) | .digest')
	blob "$(blob "$manifest" | jq -r .config.digest)"
}

# A base of two platforms; what the platform arguments say in each; a stage of this machine's is made once.
cat >compose.yaml <<-END
	name: platforms
	services:
	  base:
	    image: $registry/base:1
	    build:
	      context: .
	      platforms: [linux/amd64, linux/arm64]
	      dockerfile: base.dockerfile
	  app:
	    image: $registry/app
	    build:
	      context: .
	      platforms: [linux/arm64, linux/amd64]
	      tags: ["$registry/app:two"]
	    network_mode: none
	    command: ["/bin/busybox", "cat", "/arch"]
END
cat >base.dockerfile <<-'END'
	FROM --platform=$BUILDPLATFORM scratch AS tool
	COPY busybox /bin/busybox
	RUN ["/bin/busybox", "sh", "-c", "/bin/busybox echo made-once > /once"]
	FROM scratch
	ARG TARGETARCH
	COPY busybox /bin/busybox
	COPY --from=tool /once /once
	LABEL base=$TARGETARCH
END
cat >Dockerfile <<-END
	FROM $registry/base:1
	ARG TARGETPLATFORM
	ARG BUILDPLATFORM
	COPY <<EOF /arch
	\$TARGETPLATFORM on \$BUILDPLATFORM
	EOF
	LABEL platform=\$TARGETPLATFORM
END
compose build base >log 2>&1 || { cat log >&2; fail "the base is not built"; }
[ "$(grep -c 'RUN .* DONE' log)" = 1 ] || fail "the stage of this machine was not made once: $(cat log)"
compose build --no-cache base >log 2>&1
[ "$(grep -c 'RUN .* DONE' log)" = 1 ] || fail "with --no-cache the stage was not made once: $(cat log)"
blob "$(index_of "$registry/base")" >index
[ "$(jq -r '.mediaType, (.manifests[].platform | .os + "/" + .architecture)' index | xargs)" = \
	"application/vnd.oci.image.index.v1+json linux/amd64 linux/arm64" ] || fail "the index: $(cat index)"
[ "$(config_for "$registry/base" arm64 | jq -r '.architecture + .config.Labels.base')" = arm64arm64 ] || fail "the config of arm64"
[ "$(config_for "$registry/base" amd64 | jq -r '.architecture + .config.Labels.base')" = amd64amd64 ] || fail "the config of amd64"
compose image ls --format json >list
[ "$(jq -r .Platform list | sort -u)" = linux/amd64 ] || fail "members show as images: $(cat list)"
compose image inspect "$registry/base:1" | jq -r '.[0].Architecture, (.[0].Manifests[] | .Kind + ":" + .ImageData.Platform.architecture)' | xargs >shown
want "amd64 image:amd64 image:arm64" shown

# the local base serves both; names and push
compose build app >log 2>&1 || { cat log >&2; fail "the app is not built"; }
[ "$(config_for "$registry/app" arm64 | jq -r .config.Labels.base,.config.Labels.platform | xargs)" = "arm64 linux/arm64" ] ||
	fail "FROM took another platform's image"
[ "$(index_of "$registry/app:two")" = "$(index_of "$registry/app:latest")" ] || fail "the tags differ"
compose push >log 2>&1 || { cat log >&2; fail "push"; }
if command -v skopeo >/dev/null; then
	skopeo inspect --raw --tls-verify=false "docker://$registry/app" | jq -S . >raw
	blob "$(index_of "$registry/app")" | jq -S . | cmp - raw || fail "the registry has another index"
	skopeo inspect --override-arch arm64 --tls-verify=false "docker://$registry/app" >inspected
	want '"platform": "linux/arm64"' inspected
fi

# gc keeps what the index names
compose gc -f >/dev/null
compose fsck
compose image save "$registry/app" -o app.tar
mkdir app && tar -C app -xf app.tar
for d in $(jq -r '.manifests[].digest' <(blob "$(index_of "$registry/app")")); do
	[ -e "app/blobs/sha256/${d#sha256:}" ] || fail "save left a platform out"
done

# Another machine: FROM pulls the platform's image beside the one that has the name.
export COMPOSE_STATE_DIR=$work/state2
compose image pull "$registry/base:1" >/dev/null 2>&1
id=$(compose image ls -q --no-trunc "$registry/base")
compose build app >log 2>&1 || { cat log >&2; fail "the app is not built elsewhere"; }
[ "$(config_for "$registry/app" arm64 | jq -r .config.Labels.base)" = arm64 ] || fail "FROM took another platform's image elsewhere"
[ "$(compose image ls -q --no-trunc "$registry/base")" = "$id" ] || fail "the name went to another platform"
COMPOSE_STATE_DIR=$work/state3 compose pull app >/dev/null 2>&1
[ "$(COMPOSE_STATE_DIR=$work/state3 compose image inspect "$registry/app" | jq -r '.[0].Architecture')" = amd64 ] || fail "pull took another platform's"
compose up app >log 2>&1 || { cat log >&2; fail "up"; }
compose down >/dev/null 2>&1
want "linux/amd64 on linux/amd64" log

# one that is named twice counts once; one that is to run at once is made for this machine
sed 's|platforms: .*|platforms: [linux/amd64, linux/x86_64]|' compose.yaml >one.yaml
compose -f one.yaml build app >log 2>&1
[ "$(blob "$(index_of "$registry/app")" | jq 'has("config")')" = true ] || fail "an index for one platform"

# RUN of another machine needs an interpreter, and says so.
printf 'FROM scratch\nCOPY busybox /bin/sh\nRUN true\n' >Dockerfile
if [ ! -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]; then
	must_fail "RUN for arm64 on amd64: the kernel has no interpreter" compose build app
	want "qemu-user-static" "$work/err"
	want "linux/arm64" "$work/err"
fi
sed 's|platforms: .*|platforms: [a/b/c/d]|' compose.yaml >bad.yaml
must_fail "not OS/ARCH" compose -f bad.yaml build app
DOCKER_DEFAULT_PLATFORM=linux/s390x must_fail "does not support value set by DOCKER_DEFAULT_PLATFORM" compose build app
[ -z "$(find "$COMPOSE_STATE_DIR/stage" -mindepth 2 2>/dev/null)" ] || fail "a staged layer is left"
