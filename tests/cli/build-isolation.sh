#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The ladder: each rung gives the same image; builds and pushes as a plain user, and inside a container of our own with the default
# profile; what a killed step leaves is put away.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-registry.sh"
need_root
need crun busybox setpriv unshare newuidmap tar
setpriv --reuid 54321 --regid 54321 --clear-groups test -x "$COMPOSE_BUILD_DIR/compose" || skip "a build directory that other users may enter"
export COMPOSE_ENGINE=local SOURCE_DATE_EPOCH=1700000000
chmod 755 "$work" "$work/project"
cd "$work/project"
cp "$(command -v busybox)" busybox
cat >Dockerfile <<'END'
FROM scratch AS base
COPY busybox /bin/busybox
COPY --chown=12:34 Dockerfile /owned/
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /d/e /gone && echo x >/d/e/f && echo y >/gone/y && ln /d/e/f /d/hard && ln -s f /d/e/soft && chmod 2751 /d
RUN rm -r /gone && rm -r /d/e && mkdir /d/e && echo new >/d/e/new && echo more >>/d/hard && mv /owned /moved && mkdir /d/sub
RUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/t --mount=target=/ctx --mount=type=secret,id=s \
	cp /ctx/Dockerfile /copied && cat /run/secrets/s >/t/s && echo z >>/cache/z && echo w >/dev/null
FROM base
COPY --from=base /d /again
END
cat >compose.yaml <<'END'
name: build-isolation
services:
  app: {image: build-isolation-app, build: {context: ., secrets: [s]}}
secrets:
  s: {file: secret}
END
echo hush >secret
mkdir copies
cat >copies/Dockerfile <<'END'
FROM scratch AS a
COPY --chown=5:6 busybox /bin/busybox
COPY --chmod=4700 Dockerfile /x/y/z
FROM scratch
COPY --from=a / /
WORKDIR /w
COPY --from=a --chown=8 /bin /bin2
END
cp busybox copies/
cat >copies/compose.yaml <<'END'
name: build-copies
services:
  app: {image: build-copies-app, build: .}
END

# What an image's root filesystem is: its layers one over the other, as names, modes, owners and contents.
files() { # IMAGE
	rm -rf "$work/x" && mkdir "$work/x"
	compose image save "$1" -o "$work/x.tar" >/dev/null
	PYTHONDONTWRITEBYTECODE=1 python3 - "$work/x.tar" <<-'PYTHON'
		import hashlib, io, json, sys, tarfile
		image = tarfile.open(sys.argv[1])
		tree = {}
		for layer in json.load(image.extractfile("manifest.json"))[0]["Layers"]:
		    t = tarfile.open(fileobj=io.BytesIO(image.extractfile(layer).read()))
		    new = {}
		    for m in t:
		        path = m.name.rstrip("/")
		        parent, _, name = path.rpartition("/")
		        if name == ".wh..wh..opq":
		            tree = {k: v for k, v in tree.items() if not k.startswith(parent + "/")}
		        elif name.startswith(".wh."):
		            gone = (parent + "/" if parent else "") + name[4:]
		            tree = {k: v for k, v in tree.items() if k != gone and not k.startswith(gone + "/")}
		        else:
		            data = t.extractfile(m).read() if m.isreg() else m.linkname.encode()
		            kind = b"f" if m.islnk() else m.type if m.type != b"0" else b"f"
		            if m.islnk():
		                data = new[m.linkname][4]
		            new[path] = (kind, m.mode, m.uid, m.gid, data if m.islnk() else hashlib.sha256(data).hexdigest())
		    tree.update(new)
		for k in sorted(tree):
		    print(k, *tree[k])
	PYTHON
}
image_id() { compose image ls | awk -v n="$1" '$1 == n { print $3 }'; }
mounts() { grep -c " $work/" /proc/self/mountinfo || true; }
in_root_of_step() { # processes whose root is below our state
	local p n=0
	for p in /proc/[0-9]*; do [[ $(readlink "$p/root" 2>/dev/null) != "$COMPOSE_STATE_DIR"* ]] || n=$((n + 1)); done
	echo "$n"
}
clean() { [ "$(mounts)" = 0 ] && [ "$(in_root_of_step)" = 0 ] && [ -z "$(find "$COMPOSE_STATE_DIR/stage" "$COMPOSE_RUN_DIR/steps" -mindepth 1 -print -quit)" ]; }

# Every rung that root has gives the same files.
compose build --quiet --isolation=root
files build-isolation-app >"$work/root.files"
want 'd/e/new' "$work/root.files"
for rung in hostnet chroot; do
	compose build --no-cache --quiet --isolation=$rung 2>"$work/err" || fail "isolation $rung"
	files build-isolation-app >"$work/$rung.files"
	diff "$work/root.files" "$work/$rung.files" || fail "isolation $rung gives another image"
	want "isolation $rung:" "$work/err"
done
with_range() { # root with a range of ids
	# shellcheck disable=SC2016
	unshare -m bash -c '
		echo root:300000:65536 >"$1/subid"
		touch /etc/subuid /etc/subgid
		mount --bind "$1/subid" /etc/subuid
		mount --bind "$1/subid" /etc/subgid
		shift
		exec "$@"' _ "$work" "$@"
}
if with_range compose doctor --format json >"$work/doctor.json" && grep -A1 '"userns"' "$work/doctor.json" | grep -q true; then
	with_range compose build --no-cache --quiet --isolation=userns || fail "isolation userns"
	files build-isolation-app >"$work/userns.files"
	diff "$work/root.files" "$work/userns.files" || fail "isolation userns gives another image"
fi
! compose build --no-cache --quiet --isolation=userns 2>"$work/err" || [ -s /etc/subuid ] || fail "isolation userns without ids"
COMPOSE_BUILD_ISOLATION=chroot compose build --no-cache --quiet 2>"$work/err"
want "isolation chroot:" "$work/err"
! compose build --isolation=best 2>"$work/err" || fail "an unknown rung is taken"
want "hostnet" "$work/err"
(cd copies && compose build --quiet)
copies=$(image_id build-copies-app)

# What chroot can't keep is refused, not left out.
mkdir none && cp busybox none/ && printf 'FROM scratch\nCOPY busybox /busybox\nRUN --network=none ["/busybox","true"]\n' >none/Dockerfile
printf 'name: none\nservices: {app: {build: .}}\n' >none/compose.yaml
! (cd none && compose build --isolation=chroot) 2>"$work/err" || fail "RUN --network=none with chroot alone"
want "needs a namespace" "$work/err"

# Killed: the step's processes, the shim, the build. The next build puts away what is left.
mkdir slow && cp busybox slow/ && printf 'FROM scratch\nCOPY busybox /busybox\nRUN ["/busybox","sh","-c","/busybox setsid /busybox sleep 1000 & /busybox sleep 1000"]\n' >slow/Dockerfile
printf 'name: slow\nservices: {app: {build: .}}\n' >slow/compose.yaml
runs() { [ "$(in_root_of_step)" -ge 2 ]; }
for victim in compose shim both; do
	(cd slow && exec compose build --no-cache --isolation=chroot) >"$work/slow.log" 2>&1 &
	pid=$!
	wait_for 20 runs
	shim=$(pgrep -P "$pid" -x compose-shim)
	case $victim in
	compose) kill -9 "$pid" ;;
	shim) kill -9 "$shim" ;;
	both) kill -9 "$shim" "$pid" ;;
	esac
	wait "$pid" || :
	(cd copies && compose build --quiet --no-cache)
	compose build --quiet --no-cache --isolation=chroot 2>/dev/null
	wait_for 10 clean
done

# A plain user: with ranges of ids, with one id.
as_user() { # RANGES COMMAND...
	# shellcheck disable=SC2016
	unshare -m bash -c '
		ranges=$1 dir=$2; shift 2
		{ cat /etc/passwd; echo "compose-test:x:54321:54321::$dir/user:/bin/sh"; } >"$dir/passwd"
		[ -z "$ranges" ] && : >"$dir/subid" || echo "compose-test:$ranges" >"$dir/subid"
		mount --bind "$dir/passwd" /etc/passwd
		touch /etc/subuid /etc/subgid
		mount --bind "$dir/subid" /etc/subuid
		mount --bind "$dir/subid" /etc/subgid
		exec setpriv --reuid 54321 --regid 54321 --clear-groups --inh-caps=-all "$@"
	' _ "$1" "$work" "${@:2}"
}
start_registry
mkdir -p "$work/user/many" "$work/user/one" && chown -R 54321:54321 "$work/user"
if as_user 200000:65536 compose-shim userns >/dev/null; then
	(
		export HOME=$work/user COMPOSE_STATE_DIR=$work/user/many COMPOSE_RUN_DIR=$work/user/many/run
		as_user 200000:65536 compose build --quiet 2>"$work/err"
		as_user 200000:65536 compose image save build-isolation-app -o "$work/user/many.tar"
		(cd copies && as_user 200000:65536 compose build --quiet)
		[ "$(as_user 200000:65536 compose image ls | awk '$1 == "build-copies-app" { print $3 }')" = "$copies" ] || fail "a user's image is another one"
		! as_user "" compose image ls 2>"$work/err" || fail "a store with other people's files is opened without ids"
		want "COMPOSE_STATE_DIR" "$work/err"
		as_user 200000:65536 compose image tag build-isolation-app "$registry/user:1"
		as_user 200000:65536 compose image push -q "$registry/user:1"
		! as_user 200000:65536 compose up -d --no-build 2>"$work/err" || fail "up without root"
		want "root" "$work/err"
		export COMPOSE_STATE_DIR=$work/user/one COMPOSE_RUN_DIR=$work/user/one/run
		as_user "" compose build --quiet 2>"$work/err"
		(cd copies && as_user "" compose build --quiet)
		[ "$(as_user "" compose image ls | awk '$1 == "build-copies-app" { print $3 }')" = "$copies" ] || fail "an image made with one id is another one"
		as_user "" compose fsck
	)
	compose image load -i "$work/user/many.tar" >/dev/null
	files build-isolation-app >"$work/many.files"
	diff "$work/root.files" "$work/many.files" || fail "a user's build gives another image"
	compose image pull -q "$registry/user:1" >/dev/null
	files "$registry/user:1" | diff "$work/root.files" - || fail "what a user pushes is another image"
fi

# Inside a container of our own: default capabilities, default seccomp filter, no mounts, on an overlayfs.
need docker-registry
mkdir outer && cp busybox outer/
printf 'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox","mkdir","-p","/tmp","/root","/var/lib"]\n' >outer/Dockerfile
cat >outer/compose.yaml <<END
name: build-outer
services:
  ci:
    build: .
    environment: {PATH: "$PATH", HOME: /root, SOURCE_DATE_EPOCH: "$SOURCE_DATE_EPOCH", COMPOSE_ENGINE: local}
    volumes:
$(for d in /usr /lib /lib64 /bin /sbin /etc "$build" "$work/project"; do [ -e "$d" ] && echo "      - $d:$d:ro"; done)
END
cat >inside <<'END'
set -eu
cd "$1"
mount -t tmpfs none /tmp 2>/dev/null && echo "mounts are allowed here" && exit 1
printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: /root/registry}}\nhttp: {addr: 127.0.0.1:5000}\n' >/root/registry.yml
docker-registry serve /root/registry.yml >/dev/null 2>&1 &
compose build --quiet
compose image tag build-isolation-app 127.0.0.1:5000/app:1
until (: </dev/tcp/127.0.0.1/5000) 2>/dev/null; do :; done
compose image push -q 127.0.0.1:5000/app:1
compose image rm build-isolation-app 127.0.0.1:5000/app:1 >/dev/null
compose image pull -q 127.0.0.1:5000/app:1 >/dev/null
(cd copies && compose build --quiet && compose image ls | awk '$1 == "build-copies-app" { print "copies", $3 }')
compose fsck >&2
compose doctor --format json | grep -q '"chroot"'
compose image save 127.0.0.1:5000/app:1 -o /root/out.tar >/dev/null
cat /root/out.tar >&3
END
(cd outer && compose build --quiet && compose run --rm -T ci /bin/bash -c "exec 3>&1 >&2; bash $work/project/inside $work/project" >"$work/inside.tar" 2>"$work/inside.err") ||
	{ cat "$work/inside.err" >&2; fail "a build inside a container"; }
want "copies $copies" "$work/inside.err"
want "isolation chroot:" "$work/inside.err"
compose image load -i "$work/inside.tar" >/dev/null
files 127.0.0.1:5000/app:1 >"$work/inside.files"
diff "$work/root.files" "$work/inside.files" || fail "a build inside a container gives another image"

# There as a user who may do nothing at all: COPY alone goes, RUN says what is missing.
(cd outer && compose run --rm -T -u 54321:54321 ci /bin/bash -c "
	export HOME=/dev/shm; cd $work/project/copies && compose build --quiet && compose image ls
	cd .. && ! compose build" >"$work/nobody" 2>&1) || { cat "$work/nobody" >&2; fail "a build as nobody in a container"; }
want "$copies" "$work/nobody"
want "RUN can't be isolated here" "$work/nobody"
(cd outer && compose down) >/dev/null 2>&1
