/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image references in Docker's grammar (distribution/reference): [DOMAIN/]PATH[:TAG][@DIGEST], with docker.io and library/
 * filled in.
 */
#ifndef REGISTRY_REF_H
#define REGISTRY_REF_H

#include "util/error.h"

struct image_ref {
	char *domain; /* "docker.io", "127.0.0.1:5000" */
	char *path;   /* "library/redis" */
	char *tag;    /* NULL when there is only a digest */
	char *digest; /* or NULL */
	bool is_short; /* as it was written it named neither a registry nor library/ */
};

/* A reference without tag and digest gets "latest". */
int image_ref_parse(const char *s, struct image_ref *ret, struct error *err);
void image_ref_done(struct image_ref *ref);
void image_ref_copy(struct image_ref *to, const struct image_ref *from);
#define autoref __attribute__((cleanup(image_ref_done))) struct image_ref

/* "docker.io/library/redis:7": whole, the store's key. Owned by the caller. */
char *image_ref_text(const struct image_ref *ref);
/* "redis:7": as docker shows it. */
char *image_ref_familiar(const struct image_ref *ref);
/* "redis", "127.0.0.1:5000/a/b": familiar, without tag and digest. */
char *image_ref_familiar_name(const struct image_ref *ref);

#endif
