/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCI artifacts: manifests whose layers are documents and not file systems. What is fetched is
 * verified and comes into the store, as what is pushed is taken from it.
 */
#ifndef REGISTRY_ARTIFACT_H
#define REGISTRY_ARTIFACT_H

#include "registry/transfer.h"

#define LIMIT_ARTIFACT_LAYERS 200
#define LIMIT_ARTIFACT_BYTES  (16 << 20) /* of all that is fetched */

struct artifact_type {
	const char *type;   /* artifactType */
	const char *config; /* the config's media type where there is no artifactType (OCI 1.0) */
	const char *layers; /* how the media types of the layers begin that are wanted */
};

struct artifact {
	char digest[DIGEST_MAX]; /* of what the reference named: the manifest, or an index */
	struct manifest manifest;
};
void artifact_done(struct artifact *a);

/* The layers that are wanted are in the store when it ends. Of an index it is the member of this
 * type. A reference with a digest whose content is here needs no network. */
struct task *registry_artifact_fetch(struct registry *r, const char *ref,
				     const struct artifact_type *type, struct artifact *ret);

/* Config and layers are in the store. older (or NULL) is sent in its place to a registry that
 * refuses m. Both must live until the end. ret_digest: of the manifest. */
struct task *registry_artifact_push(struct registry *r, const char *ref, const struct manifest *m,
				    const struct manifest *older, char ret_digest[DIGEST_MAX]);

#endif
