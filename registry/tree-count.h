/* SPDX-License-Identifier: Apache-2.0 */
/* How many names are below a directory: cheap to know when a layer was unpacked, and to ask again.
 */
#ifndef REGISTRY_TREE_COUNT_H
#define REGISTRY_TREE_COUNT_H

#include "util/error.h"

/* Follows no symlink. path "." is dirfd itself. */
int tree_count(int dirfd, const char *path, uint64_t *ret, struct error *err);

#endif
