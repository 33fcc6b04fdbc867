/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to yaml.c. */
#ifndef COMPOSE_YAML_PARTS_H
#define COMPOSE_YAML_PARTS_H

#include "compose/finding.h"

/* Leaves one member of each key, the first; keeps the order. The first `own` members were written
 * in the mapping itself: a repetition among them is an error that names both lines. The others came
 * by merges. */
void members_unique(struct node *map, size_t own, struct findings *f);
/* Gives n, which has its place and whether it was quoted, the kind and value that a scalar of this
 * text (borrowed by n) and tag (NULL: none) has. A tag that isn't one of the core's makes a string
 * of anything: so go-yaml does it. */
int yaml_type(struct arena *a, const char *text, const char *tag, struct node *n,
	      struct findings *f);

#endif
