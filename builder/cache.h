/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The build cache: which layer a step gave, by the digest of all that made it (the layers below,
 * the instruction, the files it takes). A row of the store's database; the layer itself is in the
 * store, and its use here keeps it from gc. What can't be trusted (a row that makes no sense, a
 * layer that is gone) is a miss. Losing it loses time, nothing else.
 */
#ifndef BUILDER_CACHE_H
#define BUILDER_CACHE_H

#include "registry/store.h"

struct cache_entry {
	char diff_id[DIGEST_MAX]; /* "": the step changed nothing */
	char alias[DIGEST_MAX];	  /* not "": the answer is under this key */
	int64_t created;	  /* ns */
};

int cache_open(struct store *s, struct error *err);
/* 1 found and its layer is there, 0 not. */
int cache_get(struct store *s, const char *key, struct cache_entry *ret, struct error *err);
int cache_put(struct store *s, const char *key, const struct cache_entry *e, struct error *err);

/* Keys are made of values in order, each told from the next. */
struct cache_key {
	struct hash *h;
};
void key_begin(struct cache_key *k, const char *kind);
void key_text(struct cache_key *k, const char *s); /* NULL is told from "" */
void key_number(struct cache_key *k, int64_t n);
void key_list(struct cache_key *k, const struct strv *l);
void key_end(struct cache_key *k, char ret[DIGEST_MAX]);

#endif
