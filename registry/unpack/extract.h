/* SPDX-License-Identifier: Apache-2.0 */
/* A tar into a directory. What is hostile in it fails, or stays inside; see tree.h. */
#ifndef REGISTRY_UNPACK_EXTRACT_H
#define REGISTRY_UNPACK_EXTRACT_H

#include "registry/unpack/source.h"

struct extract_options {
	bool plain_files; /* files, directories and links only, ours, 0600: no layer, an archive of
			     images */
	uint64_t max_entries, max_bytes;
};

struct extract_result {
	uint64_t entries, bytes;
};

int extract(struct source *src, int dirfd, const struct extract_options *opt,
	    struct extract_result *ret, struct error *err);

#endif
