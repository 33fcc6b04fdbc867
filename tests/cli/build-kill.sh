#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# compose build, killed at random moments: the next build is right, and nothing is left over. BUILD_KILLS: how often (20).
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
need_root
need crun busybox
export COMPOSE_ENGINE=local
cd "$work/project"
cp "$(command -v busybox)" busybox
echo secret >token
for i in 1 2 3 4 5 6 7 8; do head -c 100000 /dev/urandom >"data$i"; done
cat >Dockerfile <<'END'
FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
FROM base AS a
RUN --mount=type=cache,target=/cache echo a >>/cache/log; echo a >/a
COPY data1 data2 data3 /data/
FROM base AS b
RUN --mount=type=secret,id=token echo b >/b; sleep 0.05
COPY data4 data5 data6 data7 data8 /data/
FROM base
COPY --from=a / /a/
COPY --from=b / /b/
RUN echo end >/end
END
cat >compose.yaml <<'END'
name: build-kill
services:
  app: {image: build-kill-app, build: {context: ., secrets: [token]}}
secrets:
  token: {file: token}
END

tree() { # what the image is made of, but for times
	rm -rf image && mkdir image
	compose image save build-kill-app -o image.tar >/dev/null && tar -C image -xf image.tar
	tr , '\n' <image/manifest.json | grep -c 'blobs/sha256'
}
mounts() { grep -c " $work/" /proc/self/mountinfo || true; }
ours() { # processes that work below our state
	local p n=0
	for p in /proc/[0-9]*; do
		if tr '\0' ' ' <"$p/environ" 2>/dev/null | grep -qF "COMPOSE_STATE_DIR=$COMPOSE_STATE_DIR" &&
			[ "${p#/proc/}" != $$ ] && ! grep -q bash "$p/comm" 2>/dev/null; then
			n=$((n + 1))
		fi
	done
	echo "$n"
}
none_left() { [ "$(ours)" = 0 ] && [ "$(mounts)" = 0 ]; }

compose build --quiet
parts=$(tree)
for ((i = 0; i < ${BUILD_KILLS:-20}; i++)); do
	compose build --quiet --no-cache >"$work/log" 2>&1 &
	pid=$!
	read -rt "0.$(printf '%03d' $((RANDOM % 450)))" <> <(:) || :
	kill -9 "$pid" 2>/dev/null || :
	wait "$pid" 2>/dev/null || :
done
compose build --quiet --no-cache || fail "a build after the kills fails"
[ "$(tree)" = "$parts" ] || fail "the image is another one"
wait_for 10 none_left
compose fsck || fail "the store is not whole"
[ -z "$(ls -A "$COMPOSE_RUN_DIR/build" 2>/dev/null)" ] || fail "a secret is left"
[ -z "$(ls -A "$COMPOSE_STATE_DIR/stage" 2>/dev/null)" ] || fail "a staged layer is left: $(find "$COMPOSE_STATE_DIR/stage" | head)"
