/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a push share. */
#ifndef REGISTRY_PUSH_PRIVATE_H
#define REGISTRY_PUSH_PRIVATE_H

#include "registry/blob.h"

struct push {
	struct task task;
	struct registry *reg;
	struct push_options opt;
	char *name, *to;
	struct image_ref ref;
	struct image im;
	struct client *c;
	struct task *child;
	struct image_config config;
	struct manifest manifest;
	VEC(struct descriptor *) parts;	 /* to be sent */
	VEC(const char *) parts_diff_id; /* beside them */
	VEC(size_t) same_as;		 /* for each layer: the first one that is the same */
	char *text;			 /* the manifest's bytes */
	bool made;			 /* here, not pulled */
	bool older;			 /* in Docker's form, for a registry that knows no other */
	struct members members;		 /* of an index that goes as a whole */
	size_t member;			 /* its manifest that is sent now */
	char *ret_digest;
	char digest[DIGEST_MAX];
	long status; /* of the last manifest that was sent */
};

/* -- push.c -- */
void push_fail(struct push *p, struct error *err);
static inline void push_set(char **to, const char *text)
{
	free(*to);
	*to = xstrdup(text);
}

/* -- push-send.c: p->parts, then the manifests -- */
void push_send(struct push *p);

#endif
