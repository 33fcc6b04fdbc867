/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything below a manifest or index. Manifests stand behind what they name, the root last: the
 * order in which a registry takes them.
 */
#ifndef REGISTRY_MEMBERS_H
#define REGISTRY_MEMBERS_H

#include "registry/store.h"

struct members {
	VEC(struct descriptor) manifests, blobs; /* blobs may be absent from the store */
	VEC(struct descriptor) missing;		 /* manifests that are absent */
};
void members_done(struct members *m);
/* 1: all of it is in the store; 0: something is not, *ret is what could be read. Layers that the
 * registry need not have (descriptor_is_foreign) count only when they are here. */
int members_read(struct store *s, const char *digest, struct members *ret, struct error *err);
/* One blob of the OCI layout dirfd into the store: 1, or 0 when it is not there. */
int layout_blob_load(struct store *s, const struct descriptor *d, int dirfd, struct error *err);
/* Takes into the store what is absent and lies in the OCI layout dirfd. */
int members_load(struct store *s, const char *digest, int dirfd, struct error *err);

#endif
