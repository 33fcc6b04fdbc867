#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ADD of URLs and repositories: what comes out, what an unchanged one costs, and what is refused.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib-sources.sh"
cd "$work/project"
mkdir ctx
cat >compose.yaml <<END
name: adds
services:
  it: {image: it, build: {context: ctx, secrets: [GIT_AUTH_TOKEN, GIT_AUTH_HEADER]}}
secrets:
  GIT_AUTH_TOKEN: {file: token}
  GIT_AUTH_HEADER: {environment: HEADER}
END
echo "the-token" >token
export HEADER=

dockerfile() { cat >ctx/Dockerfile; }
built() { compose build >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "the build failed"; }; }
refuses() { must_fail "$1" compose build; }
gave() { # FILE TEXT
	[ "$(cat "$work/it/$1")" = "$2" ] || fail "$1 is $(cat "$work/it/$1"), not $2"
}

# ---- URLs: names, modes, times
echo text >"$served/www/a file"
echo later >"$served/www/later"
touch -d '2001-02-03 04:05:06 UTC' "$served/www/a file"
dockerfile <<END
FROM scratch
ADD $url/a%20file /dir/
ADD $url/later $url/bare/later $url/redirect/later?x=/y /more/
END
built
files_of it "$work/it"
gave "dir/a file" text
gave more/later later
[ "$(stat -c '%a %u %Y' "$work/it/dir/a file")" = "600 0 981173106" ] || fail "mode, owner and time of a URL's file"
forget && built
[ "$(asked | wc -l)" = 5 ] || fail "five requests are enough: $(asked)"
[ "$(asked | grep -c ' 304$')" = 3 ] || fail "what has not changed is sent again: $(asked)"
if grep -q DONE "$work/log"; then fail "what has not changed is made again"; fi
echo changed >"$served/www/later"
built && files_of it "$work/it" && gave more/later changed

# unchanged, but what is below it is new: it is fetched after all
dockerfile <<END
FROM scratch
COPY <<X /first
one
X
ADD $url/later /last
END
built && files_of it "$work/it" && gave last changed

# ---- --checksum: one that holds, and costs no request; one that doesn't
digest=sha256:$(sha256sum "$served/www/later" | cut -d' ' -f1)
dockerfile <<<$'FROM scratch\n'"ADD --checksum=$digest $url/later /sum"
built && forget && built
[ -z "$(asked)" ] || fail "what has a digest is asked for: $(asked)"
dockerfile <<<$'FROM scratch\n'"ADD --checksum=${digest%??}00 $url/later /sum"
refuses "--checksum says"
dockerfile <<<$'FROM scratch\n'"ADD --checksum=md5:1 $url/later /sum" && refuses "is no digest"
dockerfile <<<$'FROM scratch\n'"ADD $url/nosuch /x" && refuses "404, not found"
dockerfile <<<$'FROM scratch\n'"COPY $url/later /x" && refuses "COPY takes no URL"

# ---- --unpack
tar -cz -C "$served/www" later >"$served/www/later.tgz"
dockerfile <<<$'FROM scratch\n'"ADD $url/later.tgz /kept/"$'\n'"ADD --unpack=true $url/later.tgz /unpacked/"
built && files_of it "$work/it" && gave unpacked/later changed
[ -f "$work/it/kept/later.tgz" ] || fail "an archive of a URL is kept as it is"

# ---- repositories, with submodules in submodules
repository leaf && echo leaf >"$served/git/leaf/leaf" && publish leaf
repository branch
git -C "$served/git/branch" submodule --quiet add ../leaf.git inner 2>/dev/null
echo branch >"$served/git/branch/branch" && publish branch
repository tree
cd "$served/git/tree"
git submodule --quiet add ../branch.git outer 2>/dev/null
printf '*.bat text eol=crlf\n' >.gitattributes
printf 'one\ntwo\n' >run.bat
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 1\n' >pointer
printf 'pointer filter=lfs\n' >>.gitattributes
echo tree >tree
publish tree
git tag -a v1 -m v1 && git push -q --tags origin
commit=$(git rev-parse HEAD)
printf '#!/bin/sh\ntouch %s/hooked\n' "$work" | tee "$served/git/tree.git/hooks/post-checkout" >.git/hooks/post-checkout
chmod +x "$served/git/tree.git/hooks/post-checkout"
cd "$work/project"
dockerfile <<END
FROM scratch
ADD $url/git/tree.git /all
ADD $url/git/tree.git#v1:outer/inner /part
ADD $url/git/tree.git?submodules=false /without
ADD --keep-git-dir=true $url/git/tree.git#v1 /kept
ADD --checksum=${commit:0:12} $url/git/tree.git#v1 /summed
ADD --chown=7:8 --chmod=600 --exclude=outer $url/git/tree.git /owned
END
built && files_of it "$work/it"
gave all/tree tree
gave all/outer/branch branch
gave all/outer/inner/leaf leaf
gave part/leaf leaf
[ -z "$(ls -A "$work/it/without/outer")" ] || fail "submodules=false"
printf 'one\r\ntwo\r\n' | cmp - "$work/it/all/run.bat"
cmp "$served/git/tree/pointer" "$work/it/all/pointer"
[ "$(git -c safe.directory='*' -C "$work/it/kept" rev-parse HEAD)" = "$commit" ] || fail ".git is not at the commit"
[ -z "$(git -c safe.directory='*' -C "$work/it/kept" status --porcelain --ignore-submodules)" ] || fail ".git and the files differ"
[ ! -e "$work/it/all/.git" ] || fail ".git is kept"
[ "$(stat -c '%a %u:%g' "$work/it/owned/tree")" = "600 7:8" ] || fail "--chown and --chmod of ADD"
[ ! -e "$work/it/owned/outer" ] || fail "--exclude of ADD"
[ ! -e "$work/hooked" ] || fail "a hook was run"
forget && built
[ "$(asked | wc -l)" = 6 ] || fail "unchanged repositories cost more than one request each: $(asked)"
if asked | grep -q POST; then fail "unchanged repositories are fetched: $(asked)"; fi
dockerfile <<<$'FROM scratch\n'"ADD --checksum=${commit:0:10}00 $url/git/tree.git#v1 /x" && refuses "is the commit $commit, not"

# ---- hostile ones
dockerfile <<<$'FROM scratch\n'"ADD $url/git/tree.git /x"
submodule() { # URL [PATH]
	git -C "$served/git/tree" config -f .gitmodules submodule.outer.url "$1"
	publish tree
}
for where in file:///etc "$served/git/leaf" ../../../../../../x ext::sh -u; do
	submodule "$where"
	must_fail "submodule outer" compose build
done
git -C "$served/git/tree" rm -q --cached .gitmodules && rm "$served/git/tree/.gitmodules"
publish tree && refuses ".gitmodules does not say where it is"
git -C "$served/git/tree" rm -q --cached outer && rm -rf "$served/git/tree/outer" && publish tree
# names that git would never have made, and a submodule of itself
python3 - "$served/git/tree" <<'END'
import hashlib, os, subprocess, sys
os.chdir(sys.argv[1])
def put(kind, data):
    return subprocess.run(["git", "hash-object", "-t", kind, "-w", "--stdin", "--literally"], input=data, stdout=subprocess.PIPE, check=True).stdout.decode().strip()
blob = put("blob", b"x")
def entry(mode, name, oid):
    return mode + b" " + name + b"\0" + bytes.fromhex(oid)
for ref, name in (("dots", b".."), ("git", b".git"), ("upper", b".GIT"), ("slash", b"a/b")):
    sub = put("tree", entry(b"100644", b"evil", blob))
    tree = put("tree", entry(b"40000", name, sub))
    commit = put("commit", b"tree " + tree.encode() + b"\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nx\n")
    os.makedirs("../tree.git/refs/heads", exist_ok=True)
    subprocess.run("cp -rn .git/objects/. ../tree.git/objects/", shell=True, check=True)
    open("../tree.git/refs/heads/" + ref, "w").write(commit + "\n")
END
for name in dots git upper slash; do
	dockerfile <<<$'FROM scratch\n'"ADD $url/git/tree.git#$name /x"
	must_fail "tree.git" compose build
done
[ ! -e "$work/it/../evil" ] || fail "a name led out"

# ---- who may: a token, a header, neither
dockerfile <<<$'FROM scratch\n'"ADD $url/private/git/leaf.git /leaf"
printf 'basic %s' "$(printf 'x-access-token:the-token' | base64 -w0)" >"$served/authorization"
built
if grep -rqa the-token "$COMPOSE_STATE_DIR" "$work/log"; then fail "a token is kept"; fi
echo "Bearer else" >"$served/authorization"
compose builder prune -f >/dev/null 2>&1 || true
echo more >"$served/git/leaf/more" && publish leaf
refuses "private/git/leaf.git"
export HEADER="Bearer else"
built && files_of it "$work/it" && gave leaf/more more

[ -z "$(find "$COMPOSE_STATE_DIR/stage" -mindepth 2 2>/dev/null)" ] || fail "something staged is left"
compose fsck
