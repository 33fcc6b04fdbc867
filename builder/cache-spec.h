/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry of cache_from or cache_to: "type=registry,ref=HOST/NAME:TAG,mode=max", or a reference
 * alone. Kinds and options of BuildKit that are not done here are errors that say so.
 */
#ifndef BUILDER_CACHE_SPEC_H
#define BUILDER_CACHE_SPEC_H

#include "registry/store.h"

enum cache_kind { CACHE_REGISTRY, CACHE_LOCAL, CACHE_INLINE };

struct cache_spec {
	enum cache_kind kind;
	char *ref;	   /* CACHE_REGISTRY */
	char *dir;	   /* CACHE_LOCAL: src or dest */
	char *tag;	   /* CACHE_LOCAL: in the layout; NULL: latest */
	char *digest;	   /* CACHE_LOCAL: which manifest, or NULL */
	bool max;	   /* every stage's steps, not the image's layers alone */
	bool ignore_error; /* what can't be written is no failure of the build */
	enum layer_compression compression;
};
void cache_spec_done(struct cache_spec *s);
/* to: of cache_to. */
int cache_spec_parse(const char *text, bool to, struct cache_spec *ret, struct error *err);

#endif
