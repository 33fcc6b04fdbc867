#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Build contexts that are elsewhere: git repositories in all spellings, archives and Dockerfiles by URL, stdin.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-sources.sh"
cd "$work/project"

# context TEXT [MORE-OF-BUILD]: builds the image `it` from it.
context() {
	cat >compose.yaml <<-END
		name: contexts
		services:
		  it:
		    image: it
		    build: {context: "$1"${2:+, $2}}
	END
	compose build >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "the build of $1 failed"; }
}
refuses() { # TEXT CONTEXT [MORE]
	cat >compose.yaml <<-END
		name: contexts
		services:
		  it: {image: it, build: {context: "$2"${3:+, $3}}}
	END
	must_fail "$1" compose build
}
gave() { # FILE TEXT
	files_of it "$work/it"
	[ "$(cat "$work/it/$1")" = "$2" ] || fail "$1 is $(cat "$work/it/$1"), not $2"
}

# ---- git
repository app
cd "$served/git/app"
mkdir -p sub/deep
echo one >file
echo deep >sub/deep/file
printf 'FROM scratch\nCOPY . /\n' >Dockerfile
printf 'FROM scratch\nCOPY file /other\n' >sub/deep/Other
cp Dockerfile sub/deep/Dockerfile
echo hidden >secret
echo secret >.dockerignore
publish app one
git tag -a v1 -m "a tag with a message"
first=$(git rev-parse HEAD)
git push -q --tags origin
git checkout -q -b feature
echo feature >file
publish app feature
git push -q origin HEAD:feature
git checkout -q main
git reset -q --hard "$first"
echo two >file
publish app two
cd "$work/project"

context "$url/git/app.git" && gave file two
[ ! -e "$work/it/secret" ] || fail ".dockerignore of the repository does not hold"
[ ! -e "$work/it/.git" ] || fail ".git is in the context"
context "$url/git/app.git#v1" && gave file one
context "$url/git/app.git#refs/tags/v1" && gave file one
context "$url/git/app.git#feature" && gave file feature
context "$url/git/app.git#$first" && gave file one
context "$url/git/app.git#:sub/deep" && gave file deep
context "$url/git/app.git#main:sub/deep" "dockerfile: Other" && gave other deep
context "$url/git/app.git?branch=feature" && gave file feature
context "$url/git/app.git?tag=v1&subdir=sub" "dockerfile: deep/Dockerfile" && gave deep/file deep
context "$url/git/app.git?ref=main&commit=$(git -C "$served/git/app" rev-parse main)" && gave file two
context "$url/git/app.git" 'dockerfile_inline: "FROM scratch\nCOPY file /inline\n"' && gave inline two

refuses "there is no branch, tag or commit nosuch" "$url/git/app.git#nosuch"
refuses "there is no directory nosuch" "$url/git/app.git#:nosuch"
refuses "is the commit" "$url/git/app.git?ref=main&commit=$first"
refuses "says ref twice" "$url/git/app.git?ref=main#v1"
refuses "is not known in the URL of a repository" "$url/git/app.git?branche=main"
refuses "there is no Dockerfile" "$url/git/app.git" "dockerfile: nosuch"
refuses "there is no Dockerfile" "$url/git/app.git" "dockerfile: ../../../../../etc/passwd"
refuses "$url/git/nosuch.git" "$url/git/nosuch.git"

# what has not changed costs one request, what a commit names none
context "$url/git/app.git" && forget && context "$url/git/app.git"
[ "$(asked | wc -l)" = 1 ] || fail "an unchanged repository is fetched again: $(asked)"
grep -q CACHED "$work/log" || fail "an unchanged repository is built again"
context "$url/git/app.git#$first" && forget && context "$url/git/app.git#$first"
[ -z "$(asked)" ] || fail "a commit is asked for though it is here: $(asked)"
echo three >"$served/git/app/file" && publish app three
context "$url/git/app.git" && gave file three

# ---- archives by URL
mkdir "$work/ctx"
cd "$work/ctx"
echo tarred >file
printf 'FROM scratch\nCOPY . /\n' >Dockerfile
echo ignored >ignored
echo ignored >.dockerignore
chown 5:6 file
tar -cf "$served/www/plain.tar" .
for packer in gzip bzip2 xz zstd; do $packer -c <"$served/www/plain.tar" >"$served/www/$packer"; done
cd "$work/project"
for name in plain.tar gzip bzip2 xz zstd; do
	context "$url/$name"
	gave file tarred
	[ ! -e "$work/it/ignored" ] || fail "$name: .dockerignore"
	[ "$(stat -c %u:%g "$work/it/file")" = 5:6 ] || fail "$name: the owner of a member"
	forget
	context "$url/$name"
	[ "$(asked)" = "GET /$name 304" ] || fail "$name: unchanged, and asked: $(asked)"
done
context "$url/redirect/gzip" && gave file tarred
context "$url/bare/gzip" && gave file tarred
context "$url/gzip" 'dockerfile_inline: "FROM scratch\nCOPY file /inline\n"' && gave inline tarred
refuses "404, not found" "$url/nosuch.tar"
head -c 20000 /dev/urandom >"$work/ctx/random"
tar -cz -C "$work/ctx" . | head -c 15000 >"$served/www/cut"
refuses "cut" "$url/cut"

# what would leave the context is refused, whatever has it
python3 - "$served/www/evil.tar" <<'END'
import io, sys, tarfile
with tarfile.open(sys.argv[1], "w") as t:
    for name, text in (("Dockerfile", b"FROM scratch\nCOPY . /\n"), ("../../escaped", b"x")):
        m = tarfile.TarInfo(name)
        m.size = len(text)
        t.addfile(m, io.BytesIO(text))
END
refuses "evil.tar" "$url/evil.tar"

# ---- a Dockerfile by URL
printf 'FROM scratch\nCOPY context /the-file\n' >"$served/www/Anything"
context "$url/Anything"
files_of it "$work/it"
cmp "$work/it/the-file" "$served/www/Anything"

# ---- stdin
cat >compose.yaml <<'END'
name: contexts
services:
  it: {image: it, build: "-"}
END
tar -cz -C "$work/ctx" . | compose build -q && gave file tarred
compose build -q <"$served/www/xz" && gave file tarred
printf 'FROM scratch\nCOPY <<X /only\nyes\nX\n' | compose build -q && gave only yes
printf 'FROM scratch\nCOPY nothing /\n' >"$work/Dockerfile"
must_fail "nothing: not found in the build context" compose build <"$work/Dockerfile"
must_fail "no instruction" compose build </dev/null

[ -z "$(find "$COMPOSE_STATE_DIR/stage" -mindepth 2 2>/dev/null)" ] || fail "something staged is left"
compose fsck
