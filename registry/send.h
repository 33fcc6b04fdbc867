/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A blob's bytes to an upload that a registry has begun (distribution-spec, "Pushing blobs"): in
 * one PUT, or in chunks where the registry asks for them, where the blob is large, or where a cut
 * has shown that the way is rough. What was cut goes on where the registry says that it ended.
 */
#ifndef REGISTRY_SEND_H
#define REGISTRY_SEND_H

#include "registry/blob.h"
#include "registry/retry.h"

/* What the tries at one blob have in common, one upload after the other. */
struct send_state {
	struct retry retry;
	uint64_t best;	/* bytes that a registry has ever said it had: beyond it is progress */
	uint64_t chunk; /* bytes; 0: as it is wise */
	bool whole;	/* chunks were refused: in one PUT or not at all */
};

struct send_spec {
	struct client *c;
	const char *digest;
	int fd; /* borrowed */
	uint64_t size;
	const struct http_response *begun; /* the 202 of its POST; borrowed for the call */
	struct send_state *state;
	void (*sent)(void *userdata, uint64_t n);
	retrying_fn retrying;
	void *userdata;
};

#define SEND_AGAIN 1 /* this upload is lost, another one may do better */

/* Ends with 0 when the registry has it, or SEND_AGAIN. */
struct task *blob_send(const struct send_spec *spec);

#endif
