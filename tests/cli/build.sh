#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# compose build: what is built runs, what is the same is not built again, what is wrong is said with its place.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
need_root
need crun busybox
export COMPOSE_ENGINE=local
cd "$work/project"
mkdir -p ctx/d
cp "$(command -v busybox)" ctx/busybox
echo one >ctx/d/one
echo secret-text >token
ln -s ../../token ctx/out

base='FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
'
dockerfile() { # the Dockerfile is the base and what stands on stdin
	{ [ "${1-}" = bare ] || printf '%s' "$base"; cat; } >ctx/Dockerfile
}
cat >compose.yaml <<'END'
name: build-test
services:
  app:
    image: build-test-app
    build:
      context: ctx
      args: {V: given}
      secrets: [token]
secrets:
  token: {file: token}
END
built() { compose build >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "the build failed"; }; }
lines() { grep -c "$1" "$work/log" || true; }
refuses() { # TEXT: the Dockerfile is refused with it
	must_fail "$1" compose build
}

# the result: files, their owners, the config
dockerfile <<'END'
ARG V=default
ENV GREETING="hello $V"
WORKDIR /w
COPY --chown=5:6 --chmod=640 d/one two
COPY <<EOF /here
$GREETING
EOF
RUN --mount=type=secret,id=token cat /run/secrets/token | wc -c >/size
RUN echo "$V" >/v
CMD ["cat", "/here"]
END
built
compose image save build-test-app -o image.tar
mkdir image && tar -C image -xf image.tar
config=image/$(tr , '\n' <image/manifest.json | sed -n 's/.*"Config":"\([^"]*\)".*/\1/p')
want '"GREETING=hello given"' "$config"
want '"WorkingDir":"/w"' "$config"
for blob in image/blobs/sha256/*; do
	if tar -tvf "$blob" >list 2>/dev/null || tar -tvzf "$blob" >list 2>/dev/null; then
		cat list >>members
		tar -xOf "$blob" 2>/dev/null >>content || true
	fi
done
grep -q 'rw-r----- 5/6 .* w/two' members || fail "owner and mode of a copy"
want "hello given" content
if grep -q secret-text content "$config"; then fail "a secret is in the image"; fi
if grep -q 'run/secrets' members; then fail "a mount point is in the image"; fi
[ -z "$(ls -A "$COMPOSE_RUN_DIR/build" 2>/dev/null)" ] || fail "a secret is left"

# nothing changed, nothing is run; a file that is not taken is no change; one that is, is
built
[ "$(lines ' CACHED')" -ge 7 ] || fail "the second build is not cached: $(cat "$work/log")"
echo x >ctx/beside
touch ctx/d/one
built
[ "$(lines ' DONE')" = 0 ] || fail "a file that is not taken changed the build: $(cat "$work/log")"
echo changed >ctx/d/one
built
[ "$(lines ' DONE')" -ge 3 ] || fail "a changed file is not seen"

# .dockerignore, stages that nobody needs, stages that are copied from
printf 'd\n!d/kept\n' >ctx/.dockerignore
echo k >ctx/d/kept
dockerfile <<'END'
FROM scratch AS broken
RUN exit 1
FROM scratch AS data
COPY . /all/
FROM data
COPY --from=0 /bin/busybox /bin/sh
RUN test -e /all/d/kept && test ! -e /all/d/one && test -L /all/out
END
built

# what is wrong
rm ctx/.dockerignore
dockerfile bare <<<'FRM scratch' && refuses "Dockerfile:1:1: error: build build-test-app: unknown instruction: FRM (did you mean FROM?)"
dockerfile bare <<<$'FROM scratch\nCOPY --chmood=1 a /' && refuses "did you mean --chmod?"
dockerfile bare <<<$'FROM scratch\nCOPY missing /' && refuses "missing: not found in the build context"
dockerfile bare <<<$'FROM scratch\nCOPY ../token /' && refuses "not found in the build context"
dockerfile bare <<<$'FROM scratch\nCOPY out /' && refuses "not found in the build context"
dockerfile bare <<<$'FROM scratch\nRUN --mount=type=secret,id=nosuch,required x' && refuses "the secret nosuch is required"
dockerfile bare <<<$'FROM scratch AS a\nCOPY --from=a / /' && refuses "cannot take from itself"
dockerfile <<<$'RUN echo the-reason >&2; exit 5' && refuses "exit code 5"
want "the-reason" "$work/err"
rm ctx/Dockerfile && refuses "there is no Dockerfile"
[ -z "$(find "$COMPOSE_STATE_DIR/stage" -mindepth 2 2>/dev/null)" ] || fail "a staged layer is left"
compose fsck
