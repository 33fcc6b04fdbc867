/* SPDX-License-Identifier: Apache-2.0 */
/* Private to consistency.c and order.c. */
#ifndef COMPOSE_CONSISTENCY_H
#define COMPOSE_CONSISTENCY_H

#include "compose/pass.h"

struct checker {
	struct pass *ps;
	const struct node *root;
	const struct map *services; /* name -> struct node *: there may be thousands */
	const char *name;	    /* of the service */
	const struct node *service;
};

/* order.c: a finding for a cycle of depends_on. */
void check_cycles(struct pass *ps, const struct node *services);

#endif
