#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# compose login and logout: checked by the registry, kept by the helper or in config.json with all else that is in it, bound to their host.
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
need python3
cd "$work"
export COMPOSE_TEST_ETC=$work/etc DOCKER_CONFIG=$work/docker
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG
mkdir -p etc
start_registry htpasswd
login() { compose login "$@" >out 2>err; }
show() { python3 -c 'import json,sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' docker/config.json "$1"; }

# -- in the file --
echo secret | login -u user --password-stdin "$registry" || fail "login: $(cat err)"
want "Login Succeeded" out
want "not encrypted" err
[ "$(stat -c %a docker/config.json)" = 600 ] || fail "others can read it"
[ "$(show "d['auths']['$registry']['auth']")" = "$(printf user:secret | base64)" ] || fail "$(cat docker/config.json)"

# All else stays, a link stays one, and the same host has one entry.
mkdir real
cat >real/config.json <<-END
	{"HttpHeaders": {"X": "1"}, "auths": {"other:1": {"auth": "YTpi"}, "https://$registry/v1/": {"auth": "b2xkOm9sZA=="}},
	 "psFormat": "t\u00fc", "n": 12345678901234567}
END
chmod 644 real/config.json
ln -sf ../real/config.json docker/config.json
printf 'secret\r\n' | login -u user --password-stdin "https://$registry/v2/" || fail "login: $(cat err)"
[ -L docker/config.json ] || fail "the link was replaced"
[ "$(stat -c %a real/config.json)" = 600 ] || fail "others can read it"
[ "$(show "sorted(d['auths']), d['HttpHeaders'], d['psFormat'], d['n']")" = \
	"(['$registry', 'other:1'], {'X': '1'}, 'tü', 12345678901234567)" ] || fail "$(cat docker/config.json)"

# What it doesn't take is not kept.
cp docker/config.json before
must_fail "not accepted" compose login -u user --password-stdin "$registry" <<<hunter2
! grep -q hunter2 out err || fail "the password is in a message"
cmp before docker/config.json || fail "changed by a login that failed"
must_fail "no password on stdin" compose login -u user --password-stdin "$registry" </dev/null
must_fail "needs --username" compose login --password-stdin "$registry" <<<secret
must_fail "exclude" compose login -u user -p secret --password-stdin "$registry" <<<secret
must_fail "nobody to ask" compose login "$registry" </dev/null
must_fail "nobody to ask" compose login -u user "$registry" </dev/null
must_fail "is not a registry" compose login -u user --password-stdin 'no registry' <<<secret
must_fail "127.0.0.1:1" compose login -u user --password-stdin 127.0.0.1:1 <<<secret
compose login -u user -p secret "$registry" >out 2>err || fail "login -p: $(cat err)"
want "WARNING" err

# A damaged file is named, and stays as it is.
echo '{"auths": ' >real/config.json
must_fail "config.json" compose login -u user --password-stdin "$registry" <<<secret
[ "$(cat real/config.json)" = '{"auths": ' ] || fail "a damaged file was replaced"
cp before real/config.json

compose logout "$registry" >out
want "Removed the credentials" out
[ "$(show "list(d['auths'])")" = "['other:1']" ] || fail "$(cat docker/config.json)"
compose logout "$registry" >out
want "Not logged in" out

# Several at once: each is there afterwards.
for i in 1 2 3 4 5; do
	DOCKER_CONFIG=$work/many compose login -u user --password-stdin "$registry" <<<secret >/dev/null 2>&1 &
	pids[i]=$!
done
for pid in "${pids[@]}"; do wait "$pid" || fail "one of several logins at once"; done
[ "$(ls -A many)" = config.json ] || fail "left over: $(ls -A many)"

# -- by a helper --
mkdir bin
cat >bin/docker-credential-shelf <<-'END'
	#!/bin/sh
	case $1 in
	store) cat >"$SHELF" ;;
	get) [ -s "$SHELF" ] || { echo "credentials not found in native keychain"; exit 1; }; cat "$SHELF" ;;
	erase) rm "$SHELF" ;;
	esac
END
chmod +x bin/docker-credential-shelf
export PATH=$work/bin:$PATH SHELF=$work/shelf
echo '{"credsStore": "shelf", "currentContext": "x"}' >real/config.json
echo secret | login -u user --password-stdin "$registry" || fail "login with a helper: $(cat err)"
want "docker-credential-shelf" err
! grep -q auth\" docker/config.json || fail "the password is in the file too"
[ "$(python3 -c 'import json; print(sorted(json.load(open("shelf")).items()))')" = \
	"[('Secret', 'secret'), ('ServerURL', '$registry'), ('Username', 'user')]" ] || fail "$(cat shelf)"
must_fail "not found" compose image pull "$registry/nosuch:1"
compose logout "$registry" >out
want "Removed" out
[ ! -e shelf ] || fail "the helper still has them"
must_fail "authentication is required" compose image pull "$registry/nosuch:1"
want "compose login $registry" err

# -- REGISTRY_AUTH_FILE --
REGISTRY_AUTH_FILE=$work/own.json login -u user -p secret "$registry" || fail "login: $(cat err)"
want "auth" own.json
