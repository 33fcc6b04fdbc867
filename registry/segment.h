/* SPDX-License-Identifier: Apache-2.0 */
/* A run of a blob's bytes from a registry, through cuts, with each byte handed over once and in
 * order. */
#ifndef REGISTRY_SEGMENT_H
#define REGISTRY_SEGMENT_H

#include "registry/blob.h"

struct segment_spec {
	struct client *c;
	const struct descriptor *d; /* of the whole blob */
	uint64_t start, end;	    /* end: exclusive */
	/* A part that others surround: nothing but a right 206 will do. Else it reaches to the
	 * blob's end, and a server that knows no ranges is put up with. */
	bool part;
	int (*bytes)(void *userdata, const void *p, size_t n, struct error *err);
	retrying_fn retrying;
	void *userdata;
};

#define SEGMENT_NO_RANGES 1 /* a part can't be had there */

/* Ends with 0 when all bytes were handed over, or SEGMENT_NO_RANGES. */
struct task *segment_fetch(const struct segment_spec *spec);

#endif
