#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# provenance and sbom: in-toto statements beside the image, in the layout that `docker buildx imagetools inspect` reads.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
. "$top/tests/lib-registry.sh"
need_root
need busybox jq
export COMPOSE_ENGINE=local
start_registry
cd "$work/project"
cp "$(command -v busybox)" busybox
echo hidden >token
mkdir -p root/var/lib/dpkg root/lib/apk/db root/etc
cat >root/var/lib/dpkg/status <<'END'
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u9
Description: not this
 Package: nor this

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: base-files
Status: install ok installed
Architecture: all
Version: 12.4
END
printf 'C:Q1\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\n\n' >root/lib/apk/db/installed
printf 'NAME="Debian"\nID=debian\nVERSION_ID="12"\n' >root/etc/os-release
cat >Dockerfile <<'END'
FROM scratch
ARG V
COPY root /
LABEL v=$V
END
project() { # LINES OF THE BUILD SECTION
	cat >compose.yaml <<-END
		name: attest
		services:
		  app:
		    image: $registry/app:1
		    build:
		      context: .
		      args: {V: argument}
		      secrets: [token]
		$(printf '      %s\n' "$@")
		secrets:
		  token: {file: token}
	END
}
built() { compose build "$@" >log 2>&1 || { cat log >&2; fail "the build failed"; }; }
index_of() { compose image ls --digests "$registry/app" | awk 'NR == 2 { print $3 }'; }
blob() { cat "$COMPOSE_STATE_DIR/blobs/sha256/${1#sha256:}"; }
statement() { # PREDICATE TYPE, of the index in ./index
	local m
	m=$(jq -r '.manifests[] | select(.annotations["vnd.docker.reference.type"] == "attestation-manifest") | .digest' index | head -1)
	blob "$(blob "$m" | jq -r --arg t "$1" '.layers[] | select(.annotations["in-toto.io/predicate-type"] == $t) | .digest')"
}

# none unless it is asked for
project 'no_cache: false'
built
[ "$(blob "$(compose image ls -q --no-trunc "$registry/app")" | jq -r .config.Labels.v)" = argument ]
plain=$(compose image ls -q --no-trunc "$registry/app")
[ "$(index_of)" = "<none>" ] || fail "an index that nobody asked for"

# both, whole
project 'provenance: mode=max' 'sbom: true'
built
[ "$(compose image ls -q --no-trunc "$registry/app")" = "$plain" ] || fail "the image itself changed"
blob "$(index_of)" >index
[ "$(jq -r '.mediaType, .manifests[].platform.architecture' index | xargs)" = "application/vnd.oci.image.index.v1+json amd64 unknown" ] ||
	fail "the index: $(cat index)"
image=$(jq -r '.manifests[0].digest' index)
[ "$(jq -r '.manifests[1] | .platform.os, .annotations["vnd.docker.reference.digest"]' index | xargs)" = "unknown $image" ] || fail "what it is about: $(cat index)"
m=$(blob "$(jq -r '.manifests[1].digest' index)")
[ "$(jq -r '.config.mediaType, .layers[].mediaType' <<<"$m" | sort -u | xargs)" = \
	"application/vnd.in-toto+json application/vnd.oci.image.config.v1+json" ] || fail "the attestation manifest: $m"
[ "$(blob "$(jq -r .config.digest <<<"$m")" | jq -c .rootfs.diff_ids)" = "$(jq -c '[.layers[].digest]' <<<"$m")" ] || fail "its config"

statement https://slsa.dev/provenance/v1 >slsa
[ "$(jq -r '._type, .subject[0].digest.sha256' slsa | xargs)" = "https://in-toto.io/Statement/v0.1 ${image#sha256:}" ] || fail "the subject: $(cat slsa)"
want 'pkg:docker/' slsa
[ "$(jq -r '.predicate.buildDefinition.externalParameters.request.args["build-arg:V"]' slsa)" = argument ] || fail "no arguments: $(cat slsa)"
jq -r '.predicate.runDetails.metadata.buildkit_metadata.source.infos[0].data' slsa | base64 -d >source
want "FROM scratch" source
if grep -q hidden slsa; then fail "a secret is in the provenance"; fi

statement https://spdx.dev/Document >spdx
[ "$(jq -r '.predicate | .spdxVersion, (.packages[] | .name + "=" + .versionInfo)' spdx | sed 1d | grep -v app | sort | xargs)" = \
	"base-files=12.4 libc6=2.36-9+deb12u9 musl=1.2.5-r0" ] || fail "the packages: $(cat spdx)"
want 'pkg:deb/debian/libc6@2.36-9%2Bdeb12u9?arch=amd64&distro=debian-12' spdx
want SPDX-2.3 spdx

# the same again gives the same; push sends all of it, and what reads an index finds the image
before=$(index_of)
built
[ "$(index_of)" = "$before" ] || fail "the same build has another index"
compose push >log 2>&1 || { cat log >&2; fail "push"; }
if command -v skopeo >/dev/null; then
	skopeo inspect --raw --tls-verify=false "docker://$registry/app:1" | cmp - index || fail "the registry has another index"
	skopeo inspect --tls-verify=false "docker://$registry/app:1" >/dev/null || fail "skopeo finds no image"
fi
COMPOSE_STATE_DIR=$work/state2 compose image pull "$registry/app:1" >/dev/null 2>&1
[ "$(COMPOSE_STATE_DIR=$work/state2 compose image ls -q --no-trunc "$registry/app")" = "$plain" ] || fail "a pull takes something else"
compose image inspect "$registry/app:1" | jq -r '.[0].Manifests[].Kind' | xargs >kinds
want "image attestation" kinds

# the command line comes first; min says less; off is off
project 'provenance: mode=max'
built --provenance=mode=min,builder-id=https://ci.example/1 --sbom=false
blob "$(index_of)" >index
statement https://slsa.dev/provenance/v1 >slsa
[ "$(jq -r '.predicate | .runDetails.builder.id, .buildDefinition.externalParameters.request.args' slsa | xargs)" = "https://ci.example/1 null" ] ||
	fail "mode=min: $(cat slsa)"
built --provenance=false
[ "$(blob "$(index_of)" | jq 'has("config")')" = true ] || fail "there still is an index"

# each platform has its own
project 'platforms: [linux/amd64, linux/arm64]' 'provenance: true'
built
[ "$(blob "$(index_of)" | jq -r '.manifests[].platform.architecture' | xargs)" = "amd64 arm64 unknown unknown" ] || fail "two platforms: $(blob "$(index_of)")"

must_fail 'no generator is run' compose build --sbom=generator=docker/scout-sbom-indexer
must_fail 'mode=most: it is min or max' compose build --provenance=mode=most
must_fail 'version=v0.2' compose build --provenance=version=v0.2
compose fsck
