#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The same input gives the same image, in another state too; --verify says so, or what differs; SOURCE_DATE_EPOCH bounds every time.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
need_root
need crun busybox jq
export COMPOSE_ENGINE=local
unset SOURCE_DATE_EPOCH
cd "$work/project"
mkdir ctx
cp "$(command -v busybox)" ctx/busybox
echo one >ctx/one
touch -d 2020-01-02T03:04:05.6Z ctx/one
touch -d 2021-01-02T03:04:05.6Z ctx/busybox
cat >compose.yaml <<'END'
name: same
services:
  app: {image: same-app, build: {context: ctx}}
END
cat >ctx/Dockerfile <<'END'
FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
FROM base AS made
RUN mkdir /out && echo x > /out/made && ln -s made /out/link && touch -d '2001-01-01 00:00:00' /out/old
RUN rm -r /bin/wget; echo two > /out/later
FROM base
WORKDIR /w
COPY one .
COPY --from=made /out /out
COPY <<EOF /here
text
EOF
RUN printf 'o\r\r\n\0\0\0\0\xff\xff\xff\x7f\1\0\0\0' >/w/m.pyc; touch /w/m.py
ENTRYPOINT ["/bin/sh"]
END
machine() { export COMPOSE_STATE_DIR=$work/state-$1; }
built() { compose build "$@" >log 2>&1 || { cat log >&2; fail "the build failed"; }; }
id() { compose image ls -q --no-trunc same-app; }
config() { cat "$COMPOSE_STATE_DIR/blobs/sha256/$(id | cut -d: -f2)"; }
files() { # every file of the image's layers, with its time
	local d
	for d in $(config | jq -r '.rootfs.diff_ids[]'); do
		find "$COMPOSE_STATE_DIR/layers/${d#sha256:}" -mindepth 1 ! -type c -printf '%T@ %P\n'
	done
}

machine 1
built
first=$(id)
newest=$(date -d 2021-01-02T03:04:06Z +%s)
files | awk -v max="$newest" '$1 > max' >newer
[ ! -s newer ] || fail "files are newer than all input: $(cat newer)"
[ "$(config | jq -r .created)" = 2021-01-02T03:04:06Z ] || fail "the image's time: $(config | jq .created)"
files >list
grep -q '^978307200.* out/old$' list || fail "an old file has another time: $(cat list)"
d=$(find "$COMPOSE_STATE_DIR/layers" -name m.pyc)
[ "$(od -An -tu4 -j8 -N4 "$d" | xargs)" = "$(stat -c %Y "${d%c}")" ] || fail "what Python compiled is older than its source"
machine 2
read -rt 1.1 <> <(:) || :
built
[ "$(id)" = "$first" ] || fail "another state gave another image: $(diff <(config | jq -S .) <(COMPOSE_STATE_DIR=$work/state-1 config | jq -S .))"
built --no-cache
[ "$(id)" = "$first" ] || fail "without the cache it is another image"

# verified; and what isn't the same is named
built --verify
want "verified: built again without a cache it is the same, $first" log
[ "$(id)" = "$first" ] || fail "--verify made another image"
cp ctx/Dockerfile same.dockerfile
cat >>ctx/Dockerfile <<'END'
RUN head -c 8 /dev/urandom > /w/random; touch -d '2002-02-02 00:00:00' /w/random
END
must_fail "built again without a cache it is another image: 1 differences" compose build --verify
want "/w/random: content" "$work/err"
want "RUN /bin/sh -c head -c 8" "$work/err"
[ "$(id)" = "$first" ] || fail "what could not be verified has the name"

# SOURCE_DATE_EPOCH, from the environment and as an argument
cp same.dockerfile ctx/Dockerfile
SOURCE_DATE_EPOCH=1600000000 built
epoch=$(id)
[ "$epoch" != "$first" ] || fail "SOURCE_DATE_EPOCH changed nothing"
[ "$(config | jq -r '.created, .history[].created' | sort -u)" = 2020-09-13T12:26:40Z ] || fail "times of the config: $(config)"
files | awk '$1 > 1600000000' >newer
[ ! -s newer ] || fail "files are newer than SOURCE_DATE_EPOCH: $(cat newer)"
files >list
grep -q '^1577934245.* w/one$' list || fail "a file that is older has another time: $(cat list)"
machine 3
built --build-arg SOURCE_DATE_EPOCH=1600000000
[ "$(id)" = "$epoch" ] || fail "as an argument it gives another image"
built
[ "$(id)" = "$first" ] || fail "without it again, it is another image"
SOURCE_DATE_EPOCH=soon must_fail "it must be a number of seconds" compose build
compose fsck
