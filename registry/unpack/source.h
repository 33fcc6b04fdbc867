/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a layer as they arrive, read once: hashed, decompressed by what they look like (a
 * media type lies at times), and hashed again. source_finish() reads on to the very end, so that
 * both digests are those of the whole.
 */
#ifndef REGISTRY_UNPACK_SOURCE_H
#define REGISTRY_UNPACK_SOURCE_H

#include "util/error.h"
#include "util/hash.h"

#include <sys/types.h>

#define SOURCE_CHUNK (256 << 10)

struct source;

struct source_options {
	uint64_t max_bytes, max_ratio;
	enum hash_kind packed, plain; /* of the digests that are asked for */
};

/* fd is borrowed. */
int source_new(int fd, const struct source_options *opt, struct source **ret, struct error *err);
struct source *source_free(struct source *s);
DEFINE_FREEP(struct source, source_free);

/* The next plain bytes, valid until the next call; *ret_n is 0 at the end. */
int source_next(struct source *s, const void **ret_p, size_t *ret_n, struct error *err);

struct source_result {
	char digest[DIGEST_MAX], diff_id[DIGEST_MAX];
	uint64_t packed, size;
	const char *compression;
};
int source_finish(struct source *s, struct source_result *ret, struct error *err);

/* For decoders: bytes as they arrived. */
struct raw {
	int fd;
	struct hash *hash;
	uint64_t total;
	unsigned char *p; /* what is not used yet: p[at..end) */
	size_t at, end;
	bool eof;
};
/* More of it when all is used. At the end of it r->at == r->end. */
int raw_fill(struct raw *r, struct error *err);

struct decoder {
	const char *name;
	unsigned char magic[6];
	size_t n_magic;
	int (*open)(struct raw *r, void **ret_state, struct error *err);
	/* Up to n bytes to out; *ret_n is 0 at the end of the data only. */
	int (*read)(void *state, struct raw *r, void *out, size_t n, size_t *ret_n,
		    struct error *err);
	void (*close)(void *state);
};
extern const struct decoder decoder_gzip, decoder_zstd, decoder_xz, decoder_bzip2;

#endif
