/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a tar goes: hashed as it is, and, when somebody wants the bytes, compressed, hashed again
 * and written to a descriptor. The same input gives the same output: no times, no names, one fixed
 * level.
 */
#ifndef REGISTRY_SINK_H
#define REGISTRY_SINK_H

#include "util/error.h"
#include "util/hash.h"

struct sink;

/* compression: "gzip", "zstd", "plain"; ignored when fd is -1. fd is borrowed. */
int sink_new(int fd, const char *compression, struct sink **ret, struct error *err);
struct sink *sink_free(struct sink *s);
DEFINE_FREEP(struct sink, sink_free);
int sink_write(struct sink *s, const void *p, size_t n, struct error *err);
int sink_zeros(struct sink *s, size_t n, struct error *err); /* n <= TAR_END_BYTES */

struct sink_result {
	char diff_id[DIGEST_MAX], digest[DIGEST_MAX]; /* digest: "" when nothing was written */
	uint64_t size, packed;
};
int sink_end(struct sink *s, struct sink_result *ret, struct error *err);

#endif
