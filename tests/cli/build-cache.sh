#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cache_to and cache_from: another machine (another state) takes every step from a registry, a directory or an image; a cache that is
# missing or damaged costs time, nothing else.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
. "$top/tests/lib-registry.sh"
need_root
need crun busybox jq
export COMPOSE_ENGINE=local
start_registry
cd "$work/project"
cp "$(command -v busybox)" busybox
echo data >data
cat >Dockerfile <<'END'
FROM scratch AS base
COPY busybox /bin/sh
RUN mkdir /made && echo tool > /made/tool
FROM base AS build
COPY data /made/data
RUN cat /made/data > /made/result && echo ran
RUN true
FROM base
WORKDIR /app
COPY --from=build /made/result .
RUN echo last > /app/last
CMD ["cat", "/app/result"]
END
project() { # CACHE_FROM CACHE_TO
	cat >compose.yaml <<-END
		name: cached
		services:
		  app:
		    image: $registry/app
		    build: {context: ., cache_from: [$1], cache_to: [$2]}
	END
}
built() { compose build >log 2>&1 || { cat log >&2; fail "the build failed"; }; }
machine() { export COMPOSE_STATE_DIR=$work/state-$1; }
id() { compose image ls -q --no-trunc "$registry/app"; }
all_cached() { # WHERE
	! grep -q ' DONE' log || fail "$1: a step was made again: $(cat log)"
	[ "$(grep -c 'RUN .* CACHED' log)" = 4 ] || fail "$1: not every RUN came from the cache: $(cat log)"
	[ "$(id)" = "$first" ] || fail "$1: another image came out"
	compose fsck >/dev/null || fail "$1: the store is not whole"
}

# a registry, every stage
machine 1
project '' "\"type=registry,ref=$registry/cache:all,mode=max\""
built
first=$(id)
manifest=$(page() { curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$registry/v2/cache/$1"; }; page manifests/all) ||
	fail "there is no manifest of the cache"
[ "$(jq -r .config.mediaType <<<"$manifest")" = application/vnd.buildkit.cacheconfig.v0 ] || fail "the cache's config: $manifest"
machine 2
project "\"$registry/cache:all\"" ''
built
all_cached "a registry"
built
! grep -q ' DONE' log || fail "a second time: $(cat log)"

# what changes is made, the rest is not
machine 3
echo other >data
built
grep -q 'RUN .* DONE' log || fail "a change is not seen: $(cat log)"
grep -q 'RUN .* CACHED' log || fail "a change makes all steps again: $(cat log)"
echo data >data

# a directory; two tags in it
machine 4
project "\"type=registry,ref=$registry/cache:all\"" "\"type=local,dest=$work/dir,mode=max,compression=zstd\", \"type=local,dest=$work/dir,tag=second\""
built
all_cached "a registry, before a directory is written"
[ "$(jq '.manifests | length' "$work/dir/index.json")" = 2 ] || fail "the directory's index: $(cat "$work/dir/index.json")"
machine 5
project "\"type=local,src=$work/dir\"" ''
built
all_cached "a directory"

# the image itself
machine 6
sed -i '/^RUN true/d; s/^FROM base$/FROM base AS last/' Dockerfile
project '' '"type=inline"'
built
compose push >/dev/null 2>&1 || fail "push"
first=$(id)
machine 7
project "\"$registry/app\"" '"type=inline"'
built
[ "$(grep -c 'RUN .*\(tool\|last\).* CACHED' log)" = 2 ] || fail "inline: $(cat log)"
[ "$(id)" = "$first" ] || fail "inline: another image came out"

# not there, damaged, of another kind: a note, and a build
machine 8
project "\"$registry/cache:none\", \"type=local,src=$work/nowhere\", \"127.0.0.1:1/app\", \"$registry/cache:all\"" ''
for blob in "$work"/registry/docker/registry/v2/blobs/sha256/*/*/data; do
	case $(head -c 2 "$blob" | od -An -tx1) in *"1f 8b"*) echo damaged >"$blob" ;; esac
done
built
for what in "$registry/cache:none" "$work/nowhere" "127.0.0.1:1/app"; do want "cache_from: " log && want "$what" log; done
want "going on without it" log
compose fsck

# what can't be written is an error, unless it may be
machine 9
project '' '"type=registry,ref=127.0.0.1:1/cache"'
must_fail "cache_to: type=registry,ref=127.0.0.1:1/cache" compose build
project '' '"type=registry,ref=127.0.0.1:1/cache,ignore-error=true"'
built
want "cache_to: type=registry,ref=127.0.0.1:1/cache" log

# what is not done says so, before anything is built
refuses() { project "$1" "$2"; must_fail "$3" compose build; }
refuses '"type=gha"' '' "cache_from: type=gha: type=gha is not done yet"
refuses '' '"type=s3,region=x"' "type=s3 is not done yet"
refuses '' '"type=azblob"' "type=azblob is not done yet"
refuses '' '"type=registry"' "type=registry needs ref=IMAGE"
refuses '"type=local"' '' "type=local needs src=DIRECTORY"
refuses '' '"type=registry,ref=x,mode=most"' "it is min or max"
refuses '' '"type=registry,ref=x,image-manifest=false"' "image-manifest=false is not done"
refuses '' '"type=registry,ref=x,force-compression=true"' "the option force-compression is not done"
refuses '"type=inline"' '' "type=inline is for cache_to"
