# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced after lib.sh: a docker-registry on loopback, and base images made on the spot.
#
#   start_registry [htpasswd]     sets $registry (127.0.0.1:PORT); with htpasswd: TLS and the user `user`, password `secret`
#   docker_hub_is_the_registry    docker.io's images come from it, by the mirror setting that a user would write
#   debian_rootfs                 sets $rootfs: a tar of Debian, kept for the next run

# shellcheck disable=SC2154 # work is lib.sh's
start_registry() {
	local auth=${1-} port config=$work/registry.yml
	need docker-registry
	port=$(free_port)
	registry=127.0.0.1:$port
	mkdir -p "$work/registry"
	cat >"$config" <<-END
		version: 0.1
		log: {level: error, accesslog: {disabled: true}}
		storage: {filesystem: {rootdirectory: $work/registry}, delete: {enabled: true}}
		http:
		  addr: $registry
	END
	if [ "$auth" = htpasswd ]; then
		need htpasswd openssl
		openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
			-keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
		htpasswd -Bbn user secret >"$work/htpasswd"
		cat >>"$config" <<-END
			  tls: {certificate: $work/tls.crt, key: $work/tls.key}
			auth:
			  htpasswd: {realm: test, path: $work/htpasswd}
		END
	fi
	docker-registry serve "$config" >"$work/registry.log" 2>&1 &
	at_exit kill $!
	wait_for 10 bash -c ": </dev/tcp/127.0.0.1/$port"
}

docker_hub_is_the_registry() {
	cat >"$work/registries.conf" <<-END
		[[registry]]
		location = "docker.io"
		[[registry.mirror]]
		location = "$registry"
		insecure = true
	END
	export CONTAINERS_REGISTRIES_CONF=$work/registries.conf
}

# shellcheck disable=SC2034
debian_rootfs() {
	local cache=${COMPOSE_TEST_CACHE:-/var/cache/compose-tests}
	need mmdebstrap
	mkdir -p "$cache"
	rootfs=$cache/bookworm.tar
	(
		flock 9
		[ -f "$rootfs" ] || {
			mmdebstrap --quiet --variant=apt --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
				--dpkgopt='path-exclude=/usr/share/{doc,man,locale}/*' \
				bookworm "$cache/new.tar" && mv "$cache/new.tar" "$rootfs"
		}
	) 9>"$cache/lock" || skip "mmdebstrap could not make a Debian"
}
