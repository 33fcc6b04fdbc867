/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reference names at its registry, layer by layer: for a build cache, of which only what is
 * needed is fetched.
 */
#ifndef REGISTRY_REMOTE_H
#define REGISTRY_REMOTE_H

#include "registry/transfer.h"

#define MEDIA_CACHE_CONFIG "application/vnd.buildkit.cacheconfig.v0"

struct client;
struct remote {
	struct client *c; /* the registry's; NULL: nothing was fetched */
	char *ref;
	VEC(struct descriptor) layers;
	char *config_type;
	struct buf config;
};
void remote_done(struct remote *r);

/* Manifest and config. An index is either a cache (its layers and its config are its members) or
 * has an image for this platform. */
struct task *registry_remote(struct registry *reg, const char *ref, const struct platform *want,
			     struct remote *ret);
/* One of its layers into the store, unpacked. r and d must live until the end. */
struct task *remote_layer(const struct remote *r, const struct descriptor *d, const char *diff_id);

#endif
