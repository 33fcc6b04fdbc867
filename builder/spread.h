/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step's root filesystem as a plain directory, where nothing can be mounted: its layers are
 * copied out, its mounts are put in by hand and taken out again, and what the step has changed is
 * gathered into the upper layer, in the form in which overlayfs would have left it.
 *
 * What counts as changed: what was not there, and what has a change time after the copy. A
 * directory that only had something put in and taken out again counts by its times, as it does in
 * overlayfs.
 */
#ifndef BUILDER_SPREAD_H
#define BUILDER_SPREAD_H

#include "builder/step.h"

/* Copies the layers of the step's stage to a directory of its own, s->spec.rootfs; then(s, r) is
 * called from the loop. s->task meanwhile. */
typedef void (*spread_fn)(struct step *s, int r, struct error *err);
int spread_start(struct step *s, spread_fn then, struct error *err);
/* Puts in the mounts of s->spec, and what every runtime mounts. */
int spread_mount(struct step *s, struct error *err);
/* Takes them out: a cache goes back to its place. Also after a failure half-way. */
int spread_unmount(struct step *s, struct error *err);
/* What has changed moves to s->upper. */
int spread_gather(struct step *s, struct error *err);
struct spread *spread_free(struct step *s);

#endif
