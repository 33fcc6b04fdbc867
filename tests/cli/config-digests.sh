#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# config --resolve-image-digests and --lock-image-digests against a registry; --explain and --origin.
source "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lib-registry.sh
source "$(dirname "$0")/../lib-registry.sh"
need curl sha256sum
start_registry

# put_blob FILE: prints its digest.
put_blob() {
	local digest location
	digest=sha256:$(sha256sum <"$1" | cut -d' ' -f1)
	location=$(curl -sfi -X POST "http://$registry/v2/shop/app/blobs/uploads/" |
		sed -n 's/^[Ll]ocation: //p' | tr -d '\r')
	curl -sf -X PUT --data-binary "@$1" -H 'Content-Type: application/octet-stream' \
		"$location&digest=$digest" >/dev/null
	echo "$digest"
}

cd "$work/project"
echo '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}' >config
config=$(put_blob config)
type=application/vnd.oci.image.manifest.v1+json
printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%s},"layers":[]}' \
	$type "$config" "$(stat -c %s config)" >manifest
curl -sf -X PUT --data-binary @manifest -H "Content-Type: $type" "http://$registry/v2/shop/app/manifests/1"
digest=sha256:$(sha256sum <manifest | cut -d' ' -f1)

cat >compose.yaml <<END
services:
  web: {image: "$registry/shop/app:1", environment: {LEVEL: "\${LEVEL}"}}
  job: {image: "$registry/shop/app:1@$digest", command: run}
  built: {build: .}
END
echo 'LEVEL=low' >.env

compose config --resolve-image-digests >out
want "    image: $registry/shop/app:1@$digest" out
want "    image: $registry/shop/app@$digest" out
want "context: $PWD" out

compose config --lock-image-digests >out
cat >expected <<END
services:
  built: {}
  job:
    image: $registry/shop/app@$digest
  web:
    image: $registry/shop/app:1@$digest
END
diff -u expected out

sed -i 's/app:1"/app:none"/' compose.yaml
must_fail "shop/app:none" compose config --resolve-image-digests

LEVEL=high compose config --explain LEVEL >out
want 'LEVEL="high"' out
want 'from environment' out
want "over \"low\" from $PWD/.env:1" out
must_fail "NOTHING is not set" compose config --explain NOTHING
compose config --origin web.environment.LEVEL >out
want 'web.environment.LEVEL = "low"' out
want "$PWD/compose.yaml:2:" out
must_fail "web.nothing" compose config --origin web.nothing
