/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip by blocks of a fixed size, each a member of its own (RFC 1952, 2.2): they are compressed
 * side by side, on all processors that there are, and written in order. The bytes depend on the
 * input alone, not on how many processors worked on them. compose-pack has no loop to stay
 * responsive in: so these are threads, which share nothing but the blocks.
 */
#ifndef REGISTRY_PACK_GZIP_H
#define REGISTRY_PACK_GZIP_H

#include "util/error.h"

struct gzip;
typedef int (*gzip_emit_fn)(void *userdata, const void *p, size_t n, struct error *err);

/* emit is called from gzip_write() and gzip_end(), in the caller's thread. */
int gzip_new(gzip_emit_fn emit, void *userdata, struct gzip **ret, struct error *err);
int gzip_write(struct gzip *g, const void *p, size_t n, struct error *err);
int gzip_end(struct gzip *g, struct error *err);
struct gzip *gzip_free(struct gzip *g);

#endif
