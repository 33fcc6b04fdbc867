/* SPDX-License-Identifier: Apache-2.0 */
/* Members that stand for what a layer takes away (OCI image-spec, layer.md): `.wh.NAME`,
 * `.wh..wh..opq`. */
#ifndef REGISTRY_UNPACK_WHITEOUT_H
#define REGISTRY_UNPACK_WHITEOUT_H

#include "registry/unpack/tree.h"

/* 1: base was such a name, and it is done. 0: it is an ordinary name. */
int whiteout_apply(struct tree *t, int parent, const char *base, struct error *err);

#endif
