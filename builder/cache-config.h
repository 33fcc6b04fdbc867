/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A build cache as a document, in the form of BuildKit's application/vnd.buildkit.cacheconfig.v0:
 * layers by digest, and records that say which of them a key gave. Ours name the one layer of their
 * step ("chains"), or none when it changed nothing. Keys of other builders match nothing here, and
 * ours nothing there.
 */
#ifndef BUILDER_CACHE_CONFIG_H
#define BUILDER_CACHE_CONFIG_H

#include "registry/image.h"

#define LIMIT_CACHE_RECORDS 65536

struct cache_record {
	char key[DIGEST_MAX];
	char diff_id[DIGEST_MAX]; /* "": the step changed nothing */
	int64_t created;	  /* ns */
	struct descriptor blob;	  /* of the layer; no digest: none is known */
};
typedef VEC(struct cache_record) cache_record_vec;
void cache_records_done(cache_record_vec *v);

/* Owned by the caller. inline_ids: the layers of the image that it goes into, which then aren't
 * listed; records of other layers are left out. Else NULL. */
char *cache_config_text(const cache_record_vec *v, const struct strv *inline_ids);
/* layers: descriptors of the manifest that it came with. diff_ids: of the image that it was in, or
 * NULL. Records that make no sense are passed over; what is no such document is an error. */
int cache_config_parse(const char *p, size_t n, const struct descriptor *layers, size_t n_layers,
		       const struct strv *diff_ids, cache_record_vec *ret, struct error *err);

#endif
