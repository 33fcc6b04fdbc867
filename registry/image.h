/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images as documents: descriptors, manifests and indexes (OCI image-spec, Docker schema 2), and
 * the config, decoded and encoded by tables. An image's id is the digest of its config.
 */
#ifndef REGISTRY_IMAGE_H
#define REGISTRY_IMAGE_H

#include "registry/platform.h"
#include "util/hash.h"
#include "util/json.h"
#include "util/vec.h"

#define LIMIT_MANIFEST (4 << 20)
#define LIMIT_CONFIG   (8 << 20)
#define LIMIT_LAYERS   512

#define MEDIA_OCI_INDEX	      "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_MANIFEST    "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_CONFIG      "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER	      "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_DOCKER_LIST     "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_CONFIG   "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER    "application/vnd.docker.image.rootfs.diff.tar.gzip"

struct descriptor {
	char *media_type;
	char *digest;
	uint64_t size;
	struct strv urls;
	struct map annotations;
	char *artifact_type;
	struct platform_json {
		char *os, *architecture, *variant;
	} * platform; /* of an index's member, or NULL */
};

void descriptor_done(struct descriptor *d);
void descriptor_copy(struct descriptor *to, const struct descriptor *from);
/* A layer that may not be pushed, and comes from its urls where the registry doesn't have it. */
bool descriptor_is_foreign(const struct descriptor *d);

struct manifest { /* or an index: then manifests, no config and layers */
	int64_t schema_version;
	char *media_type;
	struct descriptor config;
	VEC(struct descriptor) layers;
	VEC(struct descriptor) manifests;
	char *artifact_type;
	struct descriptor *subject;
	struct map annotations;
};

/* content_type (may be NULL) counts only where the document names no mediaType. Digests and sizes
 * are checked; what is both a manifest and an index, or of schema 1, is refused. */
int manifest_parse(const char *p, size_t n, const char *content_type, struct manifest *ret,
		   struct error *err);
bool manifest_is_index(const struct manifest *m);
char *manifest_text(const struct manifest *m); /* compact JSON */
void manifest_done(struct manifest *m);

struct healthcheck {	  /* of an image or a container; times in ns, 0: the default */
	struct strv test; /* {"NONE"}, {"CMD", ...}, {"CMD-SHELL", ...}; empty: none of its own */
	int64_t interval, timeout, start_period, start_interval;
	int64_t retries;
};

struct image_history {
	char *created, *created_by, *comment, *author;
	bool empty_layer;
};

struct image_config { /* OCI image-spec config.md, and Docker's extensions */
	char *created, *author, *architecture, *os, *variant, *os_version;
	struct image_runtime {
		char *user, *working_dir, *stop_signal;
		struct strv env, cmd, entrypoint, exposed_ports, volumes, on_build, shell;
		struct map labels;
		struct healthcheck *healthcheck;
		int64_t stop_timeout;
		bool args_escaped;
	} config;
	struct strv diff_ids;
	VEC(struct image_history) history;
	char *build_cache; /* of the build that made it, base64, or NULL; not copied to what is made from it */
};

int image_config_parse(const char *p, size_t n, struct image_config *ret, struct error *err);
char *image_config_text(const struct image_config *c); /* deterministic: same image, same bytes */
void image_config_copy(struct image_config *to, const struct image_config *from);
void image_config_done(struct image_config *c);
void healthcheck_copy(struct healthcheck *to, const struct healthcheck *from);
void healthcheck_done(struct healthcheck *h);

#endif
