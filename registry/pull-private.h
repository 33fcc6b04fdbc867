/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a pull share. */
#ifndef REGISTRY_PULL_PRIVATE_H
#define REGISTRY_PULL_PRIVATE_H

#include "registry/blob.h"

struct pull {
	struct task task;
	struct registry *reg;
	struct pull_options opt;
	char *name; /* as asked */
	struct image_ref ref;
	char *text; /* normalised: the store's key */
	struct platform platform;
	bool particular; /* the user named the platform */
	endpoint_vec endpoints;
	size_t at;
	struct client *c;
	struct task *child;
	struct buf tried; /* the mirrors that failed, and why */
	bool had;	  /* an image of this name was here, whole */
	struct image have;
	char head[DIGEST_MAX];
	struct manifest_reply reply;
	struct descriptor wanted; /* of the index's member */
	unsigned depth;
	char *index_digest;
	char manifest_digest[DIGEST_MAX];
	struct manifest manifest;
	struct image_config config;
	VEC(struct layer_spec) layers;
	struct image *ret;
};

/* -- pull.c -- */
void pull_tell(struct pull *p, enum transfer_phase phase, const char *note);
void pull_retrying(void *userdata, const char *why); /* a retrying_fn */
/* child is what is waited for now; it is unreferenced in done. */
void pull_run(struct pull *p, struct task *child, task_done_fn done);
/* The next place, when there is one; else the end. */
void pull_failed(struct pull *p, const struct error *err);

/* Below which of its two documents all blobs are wanted; NULL: layers are enough. */
const char *pull_root(const struct pull *p, const char *manifest, const char *index);

/* -- pull-image.c: p->manifest is known: its config, its layers, its name -- */
void pull_image(struct pull *p);

#endif
