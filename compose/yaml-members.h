/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to yaml.c. */
#ifndef COMPOSE_YAML_MEMBERS_H
#define COMPOSE_YAML_MEMBERS_H

#include "compose/finding.h"

/* Leaves one member of each key, the first; keeps the order. The first `own` members were written
 * in the mapping itself: a repetition among them is an error that names both lines. The others came
 * by merges. */
void members_unique(struct node *map, size_t own, struct findings *f);

#endif
