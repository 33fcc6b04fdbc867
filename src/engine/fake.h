/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine in memory, for the tests of plan, executor and commands: it keeps what it is told, in the order in which it was told, and does
 * what a test asks of it: be healthy, exit, fail. Processes never run: a container is "running" until a test ends it.
 */
#ifndef ENGINE_FAKE_H
#define ENGINE_FAKE_H

#include "engine/engine.h"

/* An image that is there (ref may be familiar: "redis:7"). */
void fake_add_image(struct engine *e, const char *ref, const char *id);
/* A pull of ref brings this id from now on. Without it a pull of what is not there is -ERR_NOT_FOUND. */
void fake_offer_image(struct engine *e, const char *ref, const char *id);
/* The next operation of this name ("container_start") on this subject fails with this message. */
void fake_fail(struct engine *e, const char *operation, const char *subject, const char *message);
/* What its containers do; name or id. Watchers are told, through the loop. */
void fake_set_health(struct engine *e, const char *name, enum health h);
void fake_exit(struct engine *e, const char *name, int code);
/* From now on a container of this service (label) is healthy as soon as it starts, or exits with this code. */
void fake_on_start(struct engine *e, const char *service, enum health h, bool exits, int code);
/* "container_start web-1", ... all operations that change something, in order. */
const struct strv *fake_log(struct engine *e);
void fake_log_reset(struct engine *e);

#endif
