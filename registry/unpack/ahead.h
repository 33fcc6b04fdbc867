/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks of a large layer are made ahead of who uses them: one thread fills them (reads and
 * inflates), another looks at each (hashes it), while the caller has those before. So a layer takes
 * as long as the slowest of the three. The helpers have no loop to stay responsive in; the threads
 * share nothing but the chunks.
 */
#ifndef REGISTRY_UNPACK_AHEAD_H
#define REGISTRY_UNPACK_AHEAD_H

#include "util/error.h"

struct ahead;

struct ahead_ops {
	/* Up to n bytes; *ret_n is 0 at the end. May be cancelled where it allows that. */
	int (*fill)(void *userdata, void *p, size_t n, size_t *ret_n, struct error *err);
	void (*look)(void *userdata, const void *p, size_t n);
};

/* NULL where no thread can be started. */
struct ahead *ahead_new(const struct ahead_ops *ops, void *userdata, size_t chunk);
/* The next chunk, valid until the next call; *ret_n is 0 at the end. After that, and after an
 * error, the threads are gone. */
int ahead_next(struct ahead *a, const void **ret_p, size_t *ret_n, struct error *err);
struct ahead *ahead_free(struct ahead *a);

#endif
