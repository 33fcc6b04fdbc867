#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# publish: what goes to the registry, that oci:// reads it back the same, and what is asked before.
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
need python3 curl
start_registry
cd "$work/project"
manifest() { # TAG
	curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$registry/v2/shop/app/manifests/$1"
}
repo=$registry/shop/app

# -- files, what they extend in all forms of writing, and env files --
mkdir -p sub
cat >compose.yaml <<'END'
x-common: &common
  env_file: [ 'a.env' , {path: "${WHICH:-b}.env", required: false}] # both
services:
  web:
    <<: *common
    image: web
    extends: {file: "sub/base.yaml", service: base}
  job: { extends: {service: base, file: ./sub/base.yaml}, env_file: a.env, image: job }
  other:
    image: other
    profiles: [never]
    env_file: sub/c.env
END
cat >sub/base.yaml <<'END'
services:
  base: {extends: {file: deeper.yaml, service: deep}, env_file: c.env, labels: {é: ü}, image: base}
END
echo 'services: {deep: {command: sleep 1, image: x}}' >sub/deeper.yaml
echo 'services: {web: {environment: {OVER: "1"}}}' >over.yaml
echo A=1 >a.env
echo B=2 >b.env
echo C=3 >sub/c.env
files=(-f compose.yaml -f over.yaml)
SOURCE_DATE_EPOCH=1 compose "${files[@]}" publish --with-env -y "$repo:1" >out 2>err
want "$repo:1 published" err
[ "$(cat out)" = "sha256:$(manifest 1 | sha256sum | cut -d' ' -f1)" ] || fail "another digest: $(cat out)"
config() { compose "$@" --profile never config | sed '/^x-common/,$d'; }
config "${files[@]}" >mine
config -f "oci://$repo:1" | diff mine - || fail 'not the same project'
want 'A: "1"' mine
want 'C: "3"' mine
manifest 1 | python3 -c '
import json, sys
m = json.load(sys.stdin)
assert m["artifactType"] == "application/vnd.docker.compose.project", m
assert m["config"]["mediaType"] == "application/vnd.oci.empty.v1+json", m
kinds = [(l["mediaType"], l["annotations"].get("com.docker.compose.extends"), l["annotations"].get("com.docker.compose.file"))
         for l in m["layers"]]
file = "application/vnd.docker.compose.file+yaml"
assert [k[:2] for k in kinds] == [(file, None)] * 2 + [(file, "true")] * 2 + [("application/vnd.docker.compose.envfile", None)] * 3, kinds
assert kinds[0][2] == "compose.yaml" and kinds[1][2] == "over.yaml", kinds
assert m["annotations"]["org.opencontainers.image.created"] == "1970-01-01T00:00:01Z", m'
SOURCE_DATE_EPOCH=1 compose "${files[@]}" publish --with-env -y "$repo:again" >again 2>err
cmp out again || fail 'the same is not the same'
compose "${files[@]}" publish --with-env -y --oci-version 1.0 "$repo:old" >/dev/null 2>err
manifest old | grep -q '"mediaType":"application/vnd.docker.compose.config.empty.v1+json"' || fail 'not of OCI 1.0'
config -f "oci://$repo:old" | diff mine - || fail 'not the same project, in the older form'
must_fail 'unsupported OCI version: 2' compose publish --oci-version 2 "$repo:x"

# -- what is refused, and what is asked --
must_fail 'service "web" has env_file declared.' compose publish "$repo:no"
want 'by using the --with-env flag' "$work/err"
must_fail 'by using the --with-env flag' compose publish -y "$repo:no"
echo 'include: [sub/base.yaml]' >local.yaml
must_fail 'cannot publish compose file with local includes' compose -f local.yaml publish -y "$repo:no"
echo 'services: {a: {build: .}, b: {build: ., image: b}}' >build.yaml
must_fail 'only contains a build section for service(s):' compose -f build.yaml publish -y "$repo:no"
want '"a"' "$work/err"
asks() { # QUESTION FILE: no publishes nothing, yes does, nobody is an error
	compose -f "$2" publish --with-env "$repo:asked" <<<n >out 2>err || fail "no is no failure: $(cat err)"
	want "$1" err
	! grep -q published err || fail 'published all the same'
	printf 'y\ny\n' | compose -f "$2" publish --with-env --dry-run "$repo:asked" >out 2>err
	want "$repo:asked published" err
	must_fail 'use --yes' compose -f "$2" publish --with-env "$repo:asked" </dev/null
	! manifest asked >/dev/null || fail 'published'
}
echo 'services: {a: {image: a, volumes: ["./data:/d"]}}' >bind.yaml
asks 'Are you ok to publish these bind mount declarations?' bind.yaml
want "a: $work/project/data:/d" err
echo 'services: {a: {image: a, environment: {FOO: bar, NONE: }}}' >env.yaml
asks 'Are you ok to publish these environment variables?' env.yaml
want 'FOO=bar' err
cat >secret.yaml <<'END'
services: {a: {image: a, configs: [c], secrets: [s]}}
configs: {c: {file: ./c.txt}}
secrets: {s: {file: ./s.txt}}
x-token: ghp_1234567890abcdefghijklmnopqrstuvwxyz
END
echo eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.SflKxwRJSM >c.txt
printf -- '\n-----BEGIN DSA PRIVATE KEY-----\n' >s.txt
asks 'Are you ok to publish these sensitive data?' secret.yaml
want "$work/project/secret.yaml:4: Github authentication" err
want "$work/project/c.txt:1: JSON Web Token" err
want "$work/project/s.txt:2: Private Key" err
! grep -q ghp_ err || fail 'the secret itself is shown'

# -- images by their digests --
image=$(printf '{"raw": {"schemaVersion": 2, "mediaType": "%s", "config": {"mediaType": "%s", "digest": "%s", "size": 2}, "layers": []}}' \
	application/vnd.oci.image.manifest.v1+json application/vnd.oci.empty.v1+json \
	sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a |
	PYTHONDONTWRITEBYTECODE=1 python3 "$top/tests/registry/artifact.py" "$registry" shop/app image)
echo "services: {a: {image: '$repo:image'}}" >image.yaml
compose -f image.yaml publish --resolve-image-digests "$repo:pinned" >out 2>err
compose -f "oci://$repo:pinned" config --images >out
[ "$(cat out)" = "$repo:image@$image" ] || fail "not pinned: $(cat out)"
