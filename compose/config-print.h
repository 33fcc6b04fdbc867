/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical nodes in the order and form of the output. Private to config-print.c and confhash.c. */
#ifndef COMPOSE_CONFIG_PRINT_H
#define COMPOSE_CONFIG_PRINT_H

#include "compose/load.h"
#include "compose/schema.h"
#include "compose/write.h"

struct printer {
	struct arena *arena;
	bool json;
	bool hash; /* for the hash: what `config` leaves out is in it */
	int (*compare)(const char *, const char *); /* keys of maps */
};

struct node *print_object(const struct printer *pr, const struct node *n, const struct attr *attr);

#endif
