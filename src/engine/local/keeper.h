/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who waits for something that only a project's monitor brings about (health, a restart) keeps it
 * alive meanwhile: when it is killed, another is started.
 */
#ifndef LOCAL_KEEPER_H
#define LOCAL_KEEPER_H

#include "engine/local/local.h"

struct keeper;

/* needed: whether anything runs that needs a monitor. */
struct keeper *keeper_new(struct local *l, const char *project, bool (*needed)(void *userdata),
			  void *userdata);
/* Something has changed. Cheap while it watches a monitor that lives. */
void keeper_look(struct keeper *k);
struct keeper *keeper_free(struct keeper *k);

#endif
