/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_from: what caches elsewhere say is read when the first step is found in no cache here; of
 * their layers only those are fetched that a step asks for. What is missing or damaged is a miss,
 * with a note to the user, and never a failure.
 */
#ifndef BUILDER_CACHE_IMPORT_H
#define BUILDER_CACHE_IMPORT_H

#include "builder/step.h"

struct cache_import;
/* *ret is NULL when nothing is named. -ERR_INVALID, -ERR_UNSUPPORTED: an entry that is none. */
int import_new(struct build_set *set, struct cache_import **ret, struct error *err);
struct cache_import *import_free(struct cache_import *im);
/* What they say is on its way: b's turn comes again (build_kick). Begins it when need be. */
bool import_pending(struct build *b);
bool import_loading(const struct cache_import *im);
/* A step's layer out of one of them, or NULL. The task sets it before it ends; it fails only where
 * that could not be had. */
struct task *import_step(const struct step *s, struct cache_record *ret);

#endif
