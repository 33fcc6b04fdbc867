/* SPDX-License-Identifier: Apache-2.0 */
/* compose build --verify: two builds of the same input, held against each other. */
#ifndef BUILDER_VERIFY_H
#define BUILDER_VERIFY_H

#include "builder/set.h"

/* Where an image differs from the one that was built again: -ERR_CONFLICT, and what differs (layer,
 * path, attribute) as notes. */
int verify_set(struct build_set *set, struct error *err);

#endif
