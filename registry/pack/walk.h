/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer directory, in overlayfs's form, to the tar of a layer: depth first, each directory before
 * its members, members in byte order; whiteouts as .wh.NAME, opaque directories as .wh..wh..opq;
 * hard links to the first name; sockets left out; the directory itself has no member. The content
 * is whatever a container wrote: no symlink is followed, nothing but the directory is opened.
 */
#ifndef REGISTRY_PACK_WALK_H
#define REGISTRY_PACK_WALK_H

#include "registry/pack/sink.h"

struct walk_options {
	bool clamp;	   /* times after mtime_max become mtime_max, in the directory too */
	int64_t mtime_max; /* s */
	uint64_t max_entries, max_bytes;
};

struct walk_result {
	uint64_t entries, bytes;
};

int walk_pack(int dirfd, const struct walk_options *opt, struct sink *s, struct walk_result *ret,
	      struct error *err);

#endif
