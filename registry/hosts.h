/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an image comes from, as users have already written it down: registries.conf v2
 * (CONTAINERS_REGISTRIES_CONF, else
 * ~/.config/containers, else /etc/containers, with registries.conf.d; of short names what podman
 * keeps in ~/.cache/containers, too), docker's daemon.json
 * (registry-mirrors, insecure-registries) and certs.d of both. Tests move /etc with
 * COMPOSE_TEST_ETC.
 */
#ifndef REGISTRY_HOSTS_H
#define REGISTRY_HOSTS_H

#include "event/http.h"
#include "registry/ref.h"
#include "util/vec.h"

struct endpoint {
	char *host;	 /* "registry-1.docker.io", "127.0.0.1:5000" */
	char *prefix;	 /* of a mirror's address: "" or "/path", before /v2/ */
	char *path;	 /* the repository there */
	char *auth_host; /* whose credentials: "docker.io" for Docker Hub, else host */
	bool insecure;	 /* plain http is allowed after https, and certificates aren't checked */
	bool plain;	 /* http and nothing else (the address of a mirror said so) */
	bool mirror;
};
typedef VEC(struct endpoint) endpoint_vec;
void endpoint_vec_done(endpoint_vec *v);

struct hosts;
/* Files that are not there are fine, damaged ones are an error that names them. */
int hosts_load(struct hosts **ret, struct error *err);
struct hosts *hosts_free(struct hosts *h);
DEFINE_FREEP(struct hosts, hosts_free);

/*
 * Where to try, in this order: mirrors, then the registry itself. A short name is what an alias
 * says, else it is looked for in the registries that are searched, Docker Hub among them. A push
 * goes to the last alone, and a short name's to Docker Hub. A blocked registry is -ERR_AUTH.
 */
int hosts_resolve(const struct hosts *h, const struct image_ref *ref, bool push, endpoint_vec *ret,
		  struct error *err);
/* Loopback, or called insecure by the configuration. */
bool hosts_insecure(const struct hosts *h, const char *host);

/* What certs.d holds for a host; a certificate without its key is an error. Owned by the caller. */
struct certs {
	char *ca_file, *cert_file, *key_file; /* or NULL */
	int ca_fd;			      /* when ca_file is /proc/self/fd/N: several joined */
};
int hosts_certs(const struct hosts *h, const char *host, struct certs *ret, struct error *err);
void certs_done(struct certs *c);

#endif
