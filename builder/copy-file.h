/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of a copy, shared by copy.c (where things go) and copy-file.c (how each is written).
 */
#ifndef BUILDER_COPY_FILE_H
#define BUILDER_COPY_FILE_H

#include "builder/copy.h"
#include "builder/walk.h"

#include "util/map.h"

struct copier {
	const struct copy_options *opt;
	struct tree *lower, *view; /* without and with the upper */
	struct place root;
	VEC(struct place) places; /* the directories that a walk is in */
	struct map inodes; /* "dev:ino" of a source with several names -> its path in the upper */
};

/* Anything but a directory. What had the name gives way, unless it is a directory. */
int copy_entry(struct copier *c, const struct copy_source *src, const struct place *place,
	       const char *name, const struct walk_entry *e, struct error *err);
/* own: st's owner is kept when no --chown says otherwise. */
int copy_regular(struct copier *c, const struct place *place, const char *name, int from,
		 const struct stat *st, bool own, struct error *err);
/* All of a directory into places' only element. */
int copy_below(struct copier *c, const struct copy_source *src, const struct copy_pick *pick,
	       const struct tree_dir *dir, struct error *err);
/* name NULL: of the descriptor itself. */
int copy_times(int fd, const char *name, const struct stat *st, struct error *err);

#endif
