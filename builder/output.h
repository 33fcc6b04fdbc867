/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes out of the builds of an image: for one platform and without attestations a config and
 * layers under a name, whose blobs are made when it is pushed; else an index. The index's members
 * have their blobs now, since it names their digests; the name leads to the member of this machine,
 * as after a pull.
 */
#ifndef BUILDER_OUTPUT_H
#define BUILDER_OUTPUT_H

#include "builder/set.h"

/* All builds of the set have ended well. Becomes set->output; ends the set's task. */
void output_start(struct build_set *set);
void output_cancel(struct output *o);
struct output *output_free(struct output *o);

#endif
