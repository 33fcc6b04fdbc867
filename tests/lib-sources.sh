# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by tests of what a build takes from elsewhere: tests/sources-server on loopback, with repositories.
#
#   $url                   of the server; $served/www files, $served/git/NAME.git repositories
#   repository NAME        makes one: its files are in $served/git/NAME, committed and served by `publish NAME`
#   asked                  the requests since `forget`, one a line; `forget` empties the list
#   files_of IMAGE DIR     its root filesystem, unpacked
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_root
need git python3 crun

export COMPOSE_ENGINE=local
served=$work/served
mkdir -p "$served/www" "$served/git"
export GIT_CONFIG_GLOBAL=$work/gitconfig GIT_CONFIG_SYSTEM=/dev/null
git config --file "$GIT_CONFIG_GLOBAL" user.name test
git config --file "$GIT_CONFIG_GLOBAL" user.email test@localhost
git config --file "$GIT_CONFIG_GLOBAL" init.defaultBranch main
git config --file "$GIT_CONFIG_GLOBAL" protocol.file.allow always
git config --file "$GIT_CONFIG_GLOBAL" advice.detachedHead false

PYTHONDONTWRITEBYTECODE=1 "$top/tests/sources-server" "$served" "$work/asked" "$work/port" &
at_exit kill $!
wait_for 10 test -s "$work/port"
url=http://127.0.0.1:$(cat "$work/port")

asked() { cat "$work/asked" 2>/dev/null || true; }
forget() { : >"$work/asked"; }

repository() {
	git init -q "$served/git/$1"
	git init -q --bare "$served/git/$1.git"
	git -C "$served/git/$1" remote add origin "$served/git/$1.git"
}
publish() {
	git -C "$served/git/$1" add -A
	git -C "$served/git/$1" commit -q -m "${2:-change}"
	git -C "$served/git/$1" push -q --force --tags origin HEAD:main
}

# files_of IMAGE DIR
files_of() {
	rm -rf "$2" "$2.image" "$2.tar"
	mkdir -p "$2" "$2.image"
	compose image save "$1" -o "$2.tar"
	tar -C "$2.image" -xf "$2.tar"
	python3 - "$2.image" <<-'END' | while read -r layer; do tar -C "$2" -xf "$2.image/$layer"; done
		import json, sys
		for layer in json.load(open(sys.argv[1] + "/manifest.json"))[0]["Layers"]:
		    print(layer)
	END
}
