#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compose files in git repositories: by -f, include and extends; what the cache keeps; hostile trees; consent.
source "$(dirname "$0")/../lib.sh"
need git python3
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null

new_repo() {
	git init -q -b main "$work/$1"
	git -C "$work/$1" config user.email test@example.org
	git -C "$work/$1" config user.name test
}
save() { # REPO: all that is in it, as a commit, whose name is printed
	git -C "$work/$1" add -A
	git -C "$work/$1" commit -q --allow-empty -m "$1"
	git -C "$work/$1" rev-parse HEAD
}
cache=$COMPOSE_STATE_DIR/remotes/git
cd "$work/project"
echo 'TAG=7' >.env

# -- the parts of a name --
new_repo shop
mkdir -p "$work/shop/deploy/part"
cat >"$work/shop/compose.yaml" <<'END'
services:
  web: {image: "web:${TAG}", env_file: web.env, volumes: ["./data:/data"]}
END
echo 'A=1' >"$work/shop/web.env"
cat >"$work/shop/deploy/docker-compose.yml" <<'END'
include: [part/more.yaml]
services:
  api: {extends: {file: ../compose.yaml, service: web}, image: api}
END
echo 'services: {db: {image: db}}' >"$work/shop/deploy/part/more.yaml"
first=$(save shop)
git -C "$work/shop" tag v1
git -C "$work/shop" tag -a -m 'with a message' v1.0
echo 'services: {new: {image: new}}' >"$work/shop/compose.yaml"
second=$(save shop)
shop=file://$work/shop

compose -f "$shop" config --services >out
want new out
compose -f "$shop#v1" config >out
want 'name: project' out
want 'image: web:7' out
want 'A: "1"' out
want "source: $cache/$first/data" out
compose -f "$shop#v1.0" config --images >out
want web:7 out
compose -f "$shop#$first:deploy" config --services | sort >out
[ "$(xargs <out)" = 'api db' ] || fail "services of a directory: $(cat out)"
compose -f "$shop?tag=v1&subdir=deploy/part/more.yaml" config --services >out
[ "$(cat out)" = db ] || fail "one file: $(cat out)"
[ "$(ls "$cache" | sort)" = "$(printf '%s\n' "$first" "$second" | sort)" ] || fail "the cache: $(ls "$cache")"
must_fail 'no branch, tag or commit' compose -f "$shop#nothing" config
must_fail 'there is no compose.yaml in deploy/part' compose -f "$shop#v1:deploy/part" config
must_fail 'is no directory in the repository' compose -f "$shop#v1:../../etc" config
must_fail "main is the commit $second, not c0ffee" compose -f "$shop?ref=main&commit=c0ffee" config
must_fail 'disabled by "COMPOSE_EXPERIMENTAL_GIT_REMOTE"' \
	env COMPOSE_EXPERIMENTAL_GIT_REMOTE=false compose -f "$shop" config
must_fail '"maybe" is not true or false' env COMPOSE_EXPERIMENTAL_GIT_REMOTE=maybe compose -f "$shop" config
must_fail 'only git repositories' compose -f https://example.org/compose.yaml config

# -- a commit that is here needs nobody; a branch is asked for --
mv "$work/shop" "$work/away"
compose -f "$shop#$first" config -q
must_fail "$shop" compose -f "$shop#main" config
mv "$work/away" "$work/shop"

# -- over HTTP, from a file of the user's; file:// is for -f alone --
mkdir -p "$work/served/git"
serve() { ln -s "$work/$1/.git" "$work/served/git/$1.git"; }
PYTHONDONTWRITEBYTECODE=1 "$top/tests/sources-server" "$work/served" "$work/asked" "$work/port" &
at_exit kill $!
wait_for 10 test -s "$work/port"
server=127.0.0.1:$(cat "$work/port")/git
serve shop
url=http://$server/shop
cat >compose.yaml <<END
include: ["$url.git#v1:deploy"]
services:
  own: {extends: {file: "$url.git#v1", service: web}, volumes: ["./own:/own"]}
END
compose config >out
want 'image: api' out
want "source: $cache/$first/data" out
want "source: $work/project/own" out
echo "include: ['$shop']" >compose.yaml
must_fail 'file:// is for -f alone' compose config
must_fail 'connect' compose -f "http://me:hush@127.0.0.1:1/x.git" config
! grep -q hush "$work/err" || fail "a password in a message: $(cat "$work/err")"

# -- what is wrong in one is told with its name and the way to it --
new_repo wrong
echo 'include: [inner.yaml]' >"$work/wrong/compose.yaml"
echo 'services: {web: {imag: x}}' >"$work/wrong/inner.yaml"
save wrong >/dev/null
echo "include: ['http://$server/wrong.git#main']" >compose.yaml
serve wrong
must_fail "http://$server/wrong.git#main:inner.yaml:1:18: error: services.web: unknown attribute" compose config
want "included from http://$server/wrong.git#main:compose.yaml:1:11" "$work/err"
want "included from $work/project/compose.yaml:1:11" "$work/err"

# -- hostile trees --
new_repo evil
evil=file://$work/evil
try() { # WHY: a compose.yaml that may not have what it wants, and that may when the user says so
	cat >"$work/evil/compose.yaml"
	save evil >/dev/null
	must_fail "may not have this without consent: $1" compose -f "$evil" config
	grep -q "^$evil#:compose.yaml:1:[0-9]*: error" "$work/err" || fail "no place: $(cat "$work/err")"
	want 'COMPOSE_TRUST_REMOTES=1' "$work/err"
	COMPOSE_TRUST_REMOTES=1 compose -f "$evil" config -q
}
echo 'SECRET=of the host' >"$work/host.env"
echo 'services: {host: {image: x}}' >"$work/host.yaml"
ln -s "$work/host.env" "$work/evil/link.env"
ln -s / "$work/evil/root"
ln -s "$work/host.yaml" "$work/evil/link.yaml"
ln -s "$work" "$work/evil/dir"
try "env_file $work/host.env" <<<"services: {a: {image: x, env_file: $work/host.env}}"
try env_file <<<'services: {a: {image: x, env_file: link.env}}'
try env_file <<<'services: {a: {image: x, env_file: dir/host.env}}'
try 'bind mount of' <<<'services: {a: {image: x, volumes: ["./root/etc:/etc"]}}'
try 'bind mount of /var/run/docker.sock' <<<'services: {a: {image: x, volumes: ["/var/run/docker.sock:/s"]}}'
try 'build context' <<<'services: {a: {build: ../..}}'
try 'file /etc/shadow' <<<'{services: {a: {image: x, secrets: [s]}}, secrets: {s: {file: /etc/shadow}}}'
try include <<<'include: [link.yaml]'
try extends <<<"services: {a: {extends: {file: $work/host.yaml, service: host}}}"
# What runs already is looked at and ended without a question.
echo 'services: {a: {image: x, privileged: true}}' >"$work/evil/compose.yaml"
save evil >/dev/null
must_fail 'privileged true' compose -f "$evil" config
if [ "$(id -u)" = 0 ]; then compose -f "$evil" ps >out; fi

# A file that is a link to the outside is not read, nor is what leads there.
rm "$work/evil/compose.yaml"
ln -s /etc/passwd "$work/evil/compose.yaml"
save evil >/dev/null
must_fail 'a link that leads out of the repository' compose -f "$evil" config
! grep -q root: "$work/err" || fail 'a local file was shown'
must_fail 'a link that leads out of the repository' compose -f "$evil#:dir/host.yaml" config

# Names that git would not make.
blob=$(git -C "$work/evil" hash-object -w --stdin <<<'services: {}')
for name in .. .git 'a/b'; do
	tree=$(printf '100644 %s\0%b' "$name" "$(sed 's/../\\x&/g' <<<"$blob")" |
		git -C "$work/evil" hash-object -w -t tree --literally --stdin)
	bad=$(git -C "$work/evil" commit-tree -m bad "$tree")
	git -C "$work/evil" update-ref refs/heads/bad "$bad"
	must_fail "the repository has a file called \"$name\"" compose -f "$evil#bad" config
	[ ! -e "$cache/$bad" ] || fail "kept: $cache/$bad"
done

# -- what it sees of the environment is told, and confirmed before containers are made --
new_repo vars
echo 'services: {a: {image: "nowhere.invalid/${HUSH:-x}", environment: [TAG]}}' >"$work/vars/compose.yaml"
save vars >/dev/null
export HUSH=shhh
if [ "$(id -u)" = 0 ]; then
	must_fail 'operation cancelled by user' compose -f "file://$work/vars" up -d <<<n
	grep -Eq '^HUSH +shhh +environment +no +x$' "$work/err" || fail "no table: $(cat "$work/err")"
	grep -Eq "^TAG +7 +$work/project/.env:1 +no *$" "$work/err" || fail "no TAG: $(cat "$work/err")"
	want "is stored in \"$cache/" "$work/err"
	must_fail 'there is nobody to ask; use --yes' compose -f "file://$work/vars" create </dev/null
	must_fail 'see these variables of yours: HUSH, TAG' compose -f "file://$work/vars" pull </dev/null
fi

# -- killed whenever: whole or absent --
new_repo big
for i in $(seq 300); do echo "$i" >"$work/big/file$i"; done
echo 'services: {a: {image: x}}' >"$work/big/compose.yaml"
big=$(save big)
for i in $(seq "${COMPOSE_TEST_KILLS:-6}"); do
	rm -rf "${cache:?}/$big"
	(timeout -s KILL "0.0$((i % 9 + 1))" compose -f "file://$work/big" config -q || :) 2>/dev/null
	[ ! -e "$cache/$big" ] || [ "$(ls "$cache/$big" | wc -l)" = 301 ] || fail "half a commit is kept"
	compose -f "file://$work/big" config -q
	[ "$(ls "$cache/$big" | wc -l)" = 301 ] || fail 'not whole afterwards'
done
compose -f "file://$work/shop" config -q
[ -z "$(ls "$COMPOSE_STATE_DIR/stage")" ] || fail "left over: $(ls "$COMPOSE_STATE_DIR/stage")"
