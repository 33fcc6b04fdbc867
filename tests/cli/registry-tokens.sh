#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A registry that wants tokens: got with the name and password, with a refresh token, or with nothing; once for all that a pull does, for
# both repositories of a mount, again when one is used up in the middle; and each place where users keep their credentials. Nothing of them
# goes to a registry that they are not for.
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
# shellcheck source=tests/lib-image.sh
source "$(dirname "$0")/../lib-image.sh"
need_root
need python3
cd "$work"
export COMPOSE_TEST_ETC=$work/etc DOCKER_CONFIG=$work/docker XDG_RUNTIME_DIR=$work/run XDG_CONFIG_HOME=$work/config
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG
mkdir etc docker run config bin
# Its Locations have no host.
REGISTRY_HTTP_RELATIVEURLS=true start_registry ""
PYTHONDONTWRITEBYTECODE=1 python3 "$top/tests/registry/tokens.py" "$work" "$registry" 2>server.log &
at_exit kill $!
wait_for 10 test -s port
host=127.0.0.1:$(cat port)
auth=$(printf user:secret | base64)
login() { printf '{"auths": {"%s": {"auth": "%s"%s}}}' "$host" "$auth" "${1-}" >docker/config.json; }
nobody() { rm -f docker/config.json; }
fresh() { rm -rf --one-file-system "$COMPOSE_STATE_DIR"; }
# count PYTHON-EXPRESSION over the requests r since the last `clear`
count() { python3 -c 'import json,sys; print(sum(1 for r in map(json.loads, open("log")) if eval(sys.argv[1])))' "$1"; }
clear() { : >log; }
realm='"realm" in r'

random_image image.tar "$host/open:1" 3 2 100000
compose image load -q -i image.tar
clear
must_fail "compose login $host" compose image push "$host/open:1"
login
clear
compose image push -q "$host/open:1" >/dev/null
[ "$(count "$realm")" = 1 ] || fail "one token does for a push: $(cat log)"
[ "$(count "$realm and r['basic'] and r['service'] == ['s,1'] and r['scopes'] == ['repository:open:pull,push']")" = 1 ] || fail "$(cat log)"

# A mount needs leave to read the other one.
clear
compose image tag "$host/open:1" "$host/other:1"
compose image push -q "$host/other:1" >/dev/null
[ "$(count "$realm and 'repository:open:pull' in r['scopes'] and 'repository:other:pull,push' in r['scopes']")" -ge 1 ] || fail "$(cat log)"
[ "$(count 'r.get("method") in ("PUT", "PATCH") and "/uploads/" in r["path"]')" = 0 ] || fail "sent instead of mounted: $(cat log)"

# Anonymously.
nobody
fresh
clear
compose image pull -q "$host/open:1" >/dev/null
[ "$(count "$realm")" = 1 ] || fail "one token does for a pull: $(cat log)"
[ "$(count "$realm and r['auth']")" = 0 ] || fail "$(cat log)"
must_fail "compose login $host" compose image pull "$host/other:1"

# Tokens that are used up in the middle, of a pull and of a push; bodies that are refused once.
login
echo short >mode
fresh
clear
compose image pull -q "$host/other:1" >/dev/null || fail "tokens for 3 requests"
[ "$(count "$realm")" -ge 2 ] || fail "$(cat log)"
compose image tag "$host/other:1" "$host/third:1"
compose image push -q "$host/third:1" >/dev/null || fail "tokens for 3 requests"
echo once >mode
random_image image.tar "$host/mid:1" 2 2 100000
compose image load -q -i image.tar
compose image push -q "$host/mid:1" >/dev/null || fail "401 in the middle of an upload"
fresh
compose image pull -q "$host/mid:1" >/dev/null || fail "what was pushed is not there"
compose fsck >/dev/null
rm mode

# -- a refresh token: the one that comes with each answer is the next --
pull() {
	fresh
	clear
	compose image pull -q "$host/mid:1" >/dev/null 2>err || fail "$1: $(cat err)"
}
printf '{"auths": {"%s": {"identitytoken": "identity"}}}' "$host" >docker/config.json
echo short >mode
pull "identity token"
[ "$(count "$realm and r['realm'] == 'POST' and r['grant'] == ['refresh_token']")" -ge 2 ] || fail "$(cat log)"
[ "$(count "$realm and r['realm'] == 'GET'")" = 0 ] || fail "$(cat log)"
[ "$(count "$realm and r['token'] == 'identity+'")" = 1 ] || fail "the new refresh token was not used: $(cat log)"
fresh
must_fail "not accepted" compose image pull "$host/mid:1"
! grep -q identity out err || fail "the refresh token is in a message"
echo nopost >mode
login ', "identitytoken": "x"'
pull "an authority without OAuth2"
rm mode
printf '{"auths": {"%s": {"registrytoken": "registrytoken"}}}' "$host" >docker/config.json
pull "registry token"
[ "$(count "$realm")" = 0 ] || fail "$(cat log)"

# -- where users keep them --
entry='{"auths": {"'$host'": {"auth": "'$auth'"}}}'
nobody
DOCKER_AUTH_CONFIG=$entry pull "DOCKER_AUTH_CONFIG"
for file in "$XDG_RUNTIME_DIR/containers/auth.json" "$XDG_CONFIG_HOME/containers/auth.json"; do
	mkdir -p "$(dirname "$file")"
	echo "${entry/$host/$host/mid}" >"$file"
	pull "$file, of a namespace"
	rm "$file"
done
echo "$entry" >own.json
REGISTRY_AUTH_FILE=$work/own.json pull "REGISTRY_AUTH_FILE"
for key in "https://$host" "http://$host/v1/" "$host/"; do
	echo "${entry/$host/$key}" >docker/config.json
	pull "the key $key"
done
cat >bin/docker-credential-shelf <<'END'
#!/bin/sh
read -r server
echo "$1 $server" >>"$SHELF"
[ "$server" = "$KNOWN" ] || { echo "credentials not found in native keychain"; exit 1; }
echo '{"ServerURL": "x", "Username": "user", "Secret": "secret"}'
END
chmod +x bin/docker-credential-shelf
export PATH=$work/bin:$PATH SHELF=$work/shelf KNOWN=$host
echo '{"credsStore": "shelf"}' >docker/config.json
pull "credsStore"
want "get $host" shelf
echo '{"credHelpers": {"'"$host"'": "shelf"}, "auths": {"'"$host"'": {"auth": "'"$(printf user:wrong | base64)"'"}}}' >docker/config.json
pull "credHelpers come before auths"
KNOWN=none
fresh
must_fail "not accepted" compose image pull "$host/mid:1"
echo '{"credsStore": "missing"}' >docker/config.json
must_fail "docker-credential-missing" compose image pull "$host/mid:1"

# -- what is for another registry stays here --
: >shelf
for other in "127.0.0.1:1" "127.0.0.1" "localhost:${host#*:}" "$host/elsewhere" "x$host"; do
	echo "${entry/$host/$other}" >docker/config.json
	clear
	fresh
	must_fail "compose login $host" compose image pull "$host/other:1"
	[ "$(count "$realm and r['auth'] or r.get('auth') == 'Basic'")" = 0 ] || fail "$other: sent to $host: $(cat log)"
done
! grep -rq secret out err || fail "the password is in a message"
