/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An archive of images on its way out: a tar that is written front to back, or a directory. What is
 * put under one name twice is written once. The same images give the same bytes.
 */
#ifndef REGISTRY_ARCHIVE_WRITE_H
#define REGISTRY_ARCHIVE_WRITE_H

#include "util/error.h"

struct archive_out;

/*
 * path: "-" is stdout; one that ends in '/', or is a directory (which must be empty), becomes a
 * directory; else a file that appears, or replaces an older one, only when it is whole.
 */
int archive_out_new(const char *path, struct archive_out **ret, struct error *err);
int archive_out_put(struct archive_out *a, const char *name, const void *p, size_t n,
		    struct error *err);
/* size bytes from fd's position. */
int archive_out_copy(struct archive_out *a, const char *name, int fd, uint64_t size,
		     struct error *err);
int archive_out_end(struct archive_out *a, struct error *err);
struct archive_out *archive_out_free(struct archive_out *a); /* what was not ended is removed */
DEFINE_FREEP(struct archive_out, archive_out_free);

#endif
