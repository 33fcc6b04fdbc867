#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# additional_contexts: directories, images, layouts, repositories, URLs, other services; in COPY, in FROM, in mounts.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-sources.sh"
need busybox
cd "$work/project"
mkdir -p ctx dir/d machine
echo dir >dir/d/file
echo hidden >dir/hidden
chown 5:6 dir/d/file
cp "$(command -v busybox)" machine/busybox
built() { compose build "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "the build failed"; }; }
gave() { # IMAGE FILE TEXT
	files_of "$1" "$work/it"
	[ "$(cat "$work/it/$2")" = "$3" ] || fail "$2 of $1 is $(cat "$work/it/$2"), not $3"
}
dockerfile() { cat >ctx/Dockerfile; }

repository lib && mkdir "$served/git/lib/sub" && echo lib >"$served/git/lib/sub/file" && publish lib
echo page >"$served/www/page"
tar -C dir -cf "$served/www/dir.tar" .

# a layout, by tag and by digest
cat >compose.yaml <<'END'
name: contexts
services:
  made: {image: made, build: {context: ctx}}
END
dockerfile <<<$'FROM scratch\nENV FROM_LAYOUT=yes\nCOPY <<X /layout\nlayout\nX'
built
compose image save --format oci made -o layout.tar
mkdir layout && tar -C layout -xf layout.tar
python3 - layout >digest <<'END'
import json, sys
index = json.load(open(sys.argv[1] + "/index.json"))
index["manifests"][0]["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
json.dump(index, open(sys.argv[1] + "/index.json", "w"))
print(index["manifests"][0]["digest"])
END
compose image rm made >/dev/null

cat >compose.yaml <<END
name: contexts
services:
  it:
    image: it
    build:
      context: ctx
      additional_contexts:
        dir: dir
        lib: $url/git/lib.git
        part: $url/git/lib.git#main:sub
        page: $url/page
        tar: $url/dir.tar
        layout: oci-layout://layout:v1
        digest: oci-layout://$work/project/layout@$(cat digest)
        nothing: docker-image://scratch
        machine: machine
        docker.io/library/alpine:latest: docker-image://scratch
END
dockerfile <<'END'
FROM alpine AS start
COPY --from=dir d /dir
COPY --from=lib / /lib
COPY --from=part file /part
COPY --from=page context /page
COPY --from=tar context /tar
COPY --from=layout /layout /layout
COPY --from=digest /layout /digest
COPY --from=machine busybox /bin/sh
RUN --mount=from=lib,target=/mnt --mount=from=dir,source=d,target=/d --mount=from=layout,target=/l \
    read -r a </mnt/sub/file && read -r b </d/file && read -r c </l/layout && echo "$a $b $c" >/mounted
END
built
gave it dir/file dir
gave it lib/sub/file lib
gave it part lib
gave it page page
cmp "$work/it/tar" "$served/www/dir.tar"
gave it layout layout
gave it digest layout
gave it mounted "lib dir layout"
forget && built
if grep -q DONE "$work/log"; then fail "nothing changed, and it is made again: $(cat "$work/log")"; fi

# FROM of each, and a stage that a context takes the place of
dockerfile <<'END'
FROM nothing AS missing
RUN this is never run
FROM layout AS a
FROM dir AS b
FROM lib AS c
FROM scratch AS replaced
RUN nor is this
FROM c
COPY --from=a /layout /
COPY --from=b /d /d
COPY --from=replaced / /replaced
END
sed -i 's#^        nothing: .*#        replaced: machine#' compose.yaml
sed -i '1,2d' ctx/Dockerfile
built
gave it sub/file lib
gave it d/file dir
gave it layout layout
[ -x "$work/it/replaced/busybox" ] || fail "a context in the place of a stage"
dockerfile <<<$'FROM layout\nRUN ["x"]'
must_fail 'x' compose build
dockerfile <<<$'FROM layout' && built
compose image inspect it | grep -q FROM_LAYOUT=yes || fail "the config of a layout's image"

# services, in their order, whatever is asked for; cycles are named
cat >compose.yaml <<'END'
name: contexts
services:
  app:
    image: app
    build:
      dockerfile_inline: "FROM base\nCOPY --from=data /data /app-data\n"
      additional_contexts: {base: "service:base", data: "service:data"}
  data: {image: data, build: {dockerfile_inline: "FROM scratch\nCOPY <<X /data\ndata\nX\n"}}
  base: {build: {dockerfile_inline: "FROM under\nCOPY <<X /base\nbase\nX\n", additional_contexts: {under: "service:under"}}}
  under: {build: {dockerfile_inline: "FROM scratch\nCOPY <<X /under\nunder\nX\n"}}
END
built app --pull
gave app app-data data
gave app base base
gave app under under
cat >compose.yaml <<'END'
name: contexts
services:
  a: {build: {dockerfile_inline: "FROM x", additional_contexts: {x: "service:b"}}}
  b: {build: {dockerfile_inline: "FROM x", additional_contexts: {x: "service:c"}}}
  c: {build: {dockerfile_inline: "FROM x", additional_contexts: {x: "service:a"}}}
END
must_fail "a -> b -> c -> a" compose build
must_fail "a -> b -> c -> a" compose up -d

# what is wrong
refuses() { # TEXT CONTEXT
	cat >compose.yaml <<-END
		name: contexts
		services:
		  it: {image: it, build: {dockerfile_inline: "FROM scratch\nCOPY --from=x / /", additional_contexts: {x: "$2"}}}
	END
	must_fail "$1" compose build
}
refuses "there is no such directory" nowhere
refuses "it is no directory" compose.yaml
refuses "is no OCI layout" oci-layout://dir
refuses "there is no image of the tag v2" oci-layout://layout:v2
refuses "404, not found" "$url/nosuch"
refuses "there is no such directory" target:nosuch
refuses "is no context" "ftp://x/y"
refuses "declares unknown service" service:nosuch

[ -z "$(find "$COMPOSE_STATE_DIR/stage" -mindepth 2 2>/dev/null)" ] || fail "something staged is left"
compose fsck
