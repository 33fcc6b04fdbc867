/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/add/probe.h"

#include "builder/add/header.h"
#include "registry/unpack/source.h"
#include "util/hash.h"

#include <string.h>

static const struct decoder *const decoders[] = { &decoder_gzip, &decoder_zstd, &decoder_xz,
						  &decoder_bzip2 };

static const struct decoder *find_decoder(const struct raw *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(decoders); i++)
		if (r->end >= decoders[i]->n_magic &&
		    !memcmp(r->p, decoders[i]->magic, decoders[i]->n_magic))
			return decoders[i];
	return NULL;
}

static size_t first_bytes(struct raw *r, unsigned char out[TAR_HEADER])
{
	const struct decoder *d = find_decoder(r);
	void *state = NULL;
	size_t n = MIN(r->end, (size_t)TAR_HEADER), got;

	if (!d) {
		memcpy(out, r->p, n);
		return n;
	}
	n = 0;
	if (d->open(r, &state, NULL) < 0)
		return 0;
	while (n < TAR_HEADER && d->read(state, r, out + n, TAR_HEADER - n, &got, NULL) == 0 && got)
		n += got;
	d->close(state);
	return n;
}

int probe_archive(int fd)
{
	struct raw r = { .fd = fd };
	unsigned char header[TAR_HEADER];
	bool is;

	r.hash = hash_new(HASH_SHA256);
	r.p = xalloc(1, SOURCE_CHUNK);
	is = raw_fill(&r, NULL) == 0 && first_bytes(&r, header) == TAR_HEADER &&
	     tar_is_header(header);
	hash_free(r.hash);
	free(r.p);
	return is ? 0 : 1;
}
