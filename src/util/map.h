/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map from strings to pointers that keeps the order of insertion. It owns its keys, and its values
 * when it has a free function. A zeroed map is an empty one. Setting a key that is there replaces the
 * value (freeing the old one) and keeps its place.
 */
#ifndef UTIL_MAP_H
#define UTIL_MAP_H

#include "util/str.h"

struct map_entry {
	char *key; /* NULL: removed */
	void *value;
	uint32_t hash;
};

struct map {
	struct map_entry *e; /* in order; n_used of them, some removed */
	size_t n, n_used, cap;
	uint32_t *index;
	size_t n_index;
	void (*free_value)(void *);
};

void map_init(struct map *m, void (*free_value)(void *));
void map_done(struct map *m);
void *map_get(const struct map *m, const char *key); /* NULL when it isn't there */
bool map_has(const struct map *m, const char *key);  /* for maps with NULL values */
void map_set(struct map *m, const char *key, void *value); /* takes value */
bool map_remove(struct map *m, const char *key);
/* The keys, sorted by bytes; free() the array, not the keys. */
const char **map_sorted_keys(const struct map *m);

/* Maps of strings: free_value is set to free on first use. A NULL value is kept as NULL. */
void strmap_set(struct map *m, const char *key, const char *value);
const char *strmap_get(const struct map *m, const char *key);
void strmap_copy(struct map *m, const struct map *from); /* adds, replaces */

#define map_foreach(x, m)                                                              \
	for (struct map_entry *x = (m)->e; x && x < (m)->e + (m)->n_used; x++) \
		if (!x->key) {                                                         \
		} else
#define automap __attribute__((cleanup(map_done))) struct map

#endif
