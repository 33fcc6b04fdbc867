/* SPDX-License-Identifier: Apache-2.0 */
#include "util/map.h"

#include <sys/auxv.h>

/* Up to here a map is searched from end to end and has no index. */
#define N_LINEAR 8

/* An index cell is 0 (empty) or 1 + the place of an entry, which may have been removed. */

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Keyed with the kernel's random bytes for this process, so that no file can be made to collide. */
static uint32_t hash_of(const char *key)
{
	const uint8_t *random = (const uint8_t *)(uintptr_t)getauxval(AT_RANDOM);
	uint64_t seed[2] = { 0 }, h, word;
	size_t n = strlen(key), part;

	if (random)
		memcpy(seed, random, sizeof(seed));
	h = seed[0] ^ n;
	for (; n; n -= part, key += part) {
		part = MIN(n, sizeof(word));
		word = 0;
		memcpy(&word, key, part);
		h = fold(h ^ word ^ 0x9e3779b97f4a7c15, seed[1] | 1);
	}
	return (uint32_t)(h ^ h >> 32);
}

static bool entry_is(const struct map_entry *e, const char *key, uint32_t hash)
{
	return e->key && e->hash == hash && streq(e->key, key);
}

static struct map_entry *find(const struct map *m, const char *key, uint32_t hash)
{
	size_t i;

	if (!m->index) {
		for (i = 0; i < m->n_used; i++)
			if (entry_is(&m->e[i], key, hash))
				return &m->e[i];
		return NULL;
	}
	for (i = hash & (m->n_index - 1); m->index[i]; i = (i + 1) & (m->n_index - 1))
		if (entry_is(&m->e[m->index[i] - 1], key, hash))
			return &m->e[m->index[i] - 1];
	return NULL;
}

static void index_add(struct map *m, size_t at)
{
	size_t i = m->e[at].hash & (m->n_index - 1);

	while (m->index[i])
		i = (i + 1) & (m->n_index - 1);
	m->index[i] = (uint32_t)at + 1;
}

static void drop_removed(struct map *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n_used; i++)
		if (m->e[i].key)
			m->e[kept++] = m->e[i];
	m->n_used = kept;
}

/* Called when e is full: makes room, by leaving out what was removed where that is much. */
static void grow(struct map *m)
{
	drop_removed(m);
	if (m->n_used * 4 >= m->cap * 3) {
		m->cap = m->cap ? m->cap * 2 : N_LINEAR;
		m->e = xrealloc(m->e, m->cap, sizeof(*m->e));
	}
	if (m->cap <= N_LINEAR)
		return;
	free(m->index);
	m->n_index = m->cap * 2;
	m->index = xnewn(uint32_t, m->n_index);
	for (size_t i = 0; i < m->n_used; i++)
		index_add(m, i);
}

void map_init(struct map *m, void (*free_value)(void *))
{
	*m = (struct map){ .free_value = free_value };
}

void map_done(struct map *m)
{
	map_foreach (x, m) {
		free(x->key);
		if (m->free_value && x->value)
			m->free_value(x->value);
	}
	free(m->e);
	free(m->index);
	map_init(m, m->free_value);
}

void *map_get(const struct map *m, const char *key)
{
	struct map_entry *e = m->n ? find(m, key, hash_of(key)) : NULL;

	return e ? e->value : NULL;
}

bool map_has(const struct map *m, const char *key)
{
	return m->n && find(m, key, hash_of(key));
}

static void set_value(struct map *m, struct map_entry *e, void *value)
{
	if (m->free_value && e->value && e->value != value)
		m->free_value(e->value);
	e->value = value;
}

void map_set(struct map *m, const char *key, void *value)
{
	uint32_t hash = hash_of(key);
	struct map_entry *e = m->n ? find(m, key, hash) : NULL;

	if (e) {
		set_value(m, e, value);
		return;
	}
	if (m->n_used == m->cap)
		grow(m);
	m->e[m->n_used] = (struct map_entry){ xstrdup(key), value, hash };
	if (m->index)
		index_add(m, m->n_used);
	m->n_used++;
	m->n++;
}

bool map_remove(struct map *m, const char *key)
{
	struct map_entry *e = m->n ? find(m, key, hash_of(key)) : NULL;

	if (!e)
		return false;
	set_value(m, e, NULL);
	free(e->key);
	e->key = NULL;
	m->n--;
	return true;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **map_sorted_keys(const struct map *m)
{
	const char **keys = xnewn(const char *, m->n + 1);
	size_t n = 0;

	map_foreach (x, m)
		keys[n++] = x->key;
	qsort(keys, n, sizeof(*keys), by_bytes);
	return keys;
}

void strmap_set(struct map *m, const char *key, const char *value)
{
	m->free_value = free;
	map_set(m, key, xstrdup0(value));
}

const char *strmap_get(const struct map *m, const char *key)
{
	return map_get(m, key);
}

void strmap_copy(struct map *m, const struct map *from)
{
	if (m == from)
		return;
	map_foreach (x, from)
		strmap_set(m, x->key, x->value);
}
