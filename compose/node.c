/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/node.h"
#include "compose/write.h"

#include <inttypes.h>
#include <math.h>

struct node *node_new(struct arena *a, enum node_kind kind, struct place at)
{
	struct node *n = arena_new_of(a, struct node);

	n->kind = kind;
	n->at = at;
	return n;
}

struct node *node_string(struct arena *a, const char *s, struct place at)
{
	struct node *n = node_new(a, NODE_STRING, at);

	n->s = arena_strdup(a, s);
	return n;
}

struct node *node_bool(struct arena *a, bool b, struct place at)
{
	struct node *n = node_new(a, NODE_BOOL, at);

	n->b = b;
	return n;
}

struct node *node_int(struct arena *a, int64_t i, struct place at)
{
	struct node *n = node_new(a, NODE_INT, at);

	n->i = i;
	return n;
}

/* Room for one more. The old array stays in the arena: doubling keeps that below the size of the
 * new one. */
static void *grow(struct arena *a, void *v, size_t n, size_t *cap, size_t size)
{
	void *bigger;

	if (n < *cap)
		return v;
	*cap = *cap ? *cap * 2 : 4;
	bigger = arena_alloc(a, *cap * size);
	if (n)
		memcpy(bigger, v, n * size);
	return bigger;
}

void node_list_add(struct arena *a, struct node *list, struct node *item)
{
	list->list.v = grow(a, list->list.v, list->list.n, &list->list.cap, sizeof(item));
	list->list.v[list->list.n++] = item;
}

static struct node_member *find_member(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (size_t i = 0; i < map->map.n; i++)
		if (streq(map->map.v[i].key, key))
			return &map->map.v[i];
	return NULL;
}

void node_add(struct arena *a, struct node *map, const char *key, struct place key_at,
	      struct node *value)
{
	map->map.v = grow(a, map->map.v, map->map.n, &map->map.cap, sizeof(*map->map.v));
	map->map.v[map->map.n++] =
		(struct node_member){ .key = key, .key_at = key_at, .value = value };
}

void node_set(struct arena *a, struct node *map, const char *key, struct place key_at,
	      struct node *value)
{
	struct node_member *m = find_member(map, key);

	if (!m) {
		node_add(a, map, arena_strdup(a, key), key_at, value);
		return;
	}
	m->key_at = key_at;
	m->value = value;
}

bool node_unset(struct node *map, const char *key)
{
	struct node_member *m = find_member(map, key);
	size_t i;

	if (!m)
		return false;
	i = (size_t)(m - map->map.v);
	memmove(m, m + 1, (map->map.n - i - 1) * sizeof(*m));
	map->map.n--;
	return true;
}

struct node *node_get(const struct node *map, const char *key)
{
	const struct node_member *m = find_member(map, key);

	return m ? m->value : NULL;
}

const struct node_member *node_member(const struct node *map, const char *key)
{
	return find_member(map, key);
}

struct node *node_copy(struct arena *a, const struct node *n)
{
	struct node *copy = arena_memdup(a, n, sizeof(*n));

	if (n->kind == NODE_LIST) {
		copy->list.v = arena_memdup(a, n->list.v, n->list.n * sizeof(*n->list.v));
		copy->list.cap = n->list.n;
	} else if (n->kind == NODE_MAP) {
		copy->map.v = arena_memdup(a, n->map.v, n->map.n * sizeof(*n->map.v));
		copy->map.cap = n->map.n;
	}
	return copy;
}

struct node *node_copy_deep(struct arena *a, const struct node *n)
{
	struct node *copy = node_copy(a, n);

	if (n->kind == NODE_LIST)
		for (size_t i = 0; i < copy->list.n; i++)
			copy->list.v[i] = node_copy_deep(a, copy->list.v[i]);
	else if (n->kind == NODE_MAP)
		for (size_t i = 0; i < copy->map.n; i++)
			copy->map.v[i].value = node_copy_deep(a, copy->map.v[i].value);
	return copy;
}

static bool lists_equal(const struct node *a, const struct node *b)
{
	if (a->list.n != b->list.n)
		return false;
	for (size_t i = 0; i < a->list.n; i++)
		if (!node_equal(a->list.v[i], b->list.v[i]))
			return false;
	return true;
}

/* In most pairs the keys have the same order: look at the same index first. */
static bool maps_equal(const struct node *a, const struct node *b)
{
	const struct node *other;

	if (a->map.n != b->map.n)
		return false;
	for (size_t i = 0; i < a->map.n; i++) {
		other = streq(a->map.v[i].key, b->map.v[i].key) ? b->map.v[i].value
								: node_get(b, a->map.v[i].key);
		if (!other || !node_equal(a->map.v[i].value, other))
			return false;
	}
	return true;
}

bool node_equal(const struct node *a, const struct node *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->kind != b->kind)
		return false;
	switch (a->kind) {
	case NODE_NULL:
		return true;
	case NODE_BOOL:
		return a->b == b->b;
	case NODE_INT:
		return a->i == b->i;
	case NODE_UINT:
		return a->u == b->u;
	case NODE_FLOAT:
		return a->f == b->f || (isnan(a->f) && isnan(b->f));
	case NODE_STRING:
	case NODE_TIME:
		return streq(a->s, b->s);
	case NODE_LIST:
		return lists_equal(a, b);
	case NODE_MAP:
		return maps_equal(a, b);
	}
	return false;
}

const char *node_str(const struct node *n, const char *otherwise)
{
	return n && n->kind == NODE_STRING ? n->s : otherwise;
}

int64_t node_i64(const struct node *n, int64_t otherwise)
{
	return n && n->kind == NODE_INT ? n->i : otherwise;
}

bool node_flag(const struct node *n, bool otherwise)
{
	return n && n->kind == NODE_BOOL ? n->b : otherwise;
}

const char *node_text(struct arena *a, const struct node *n)
{
	char number[GO_FLOAT_MAX];

	switch (n ? n->kind : NODE_NULL) {
	case NODE_BOOL:
		return n->b ? "true" : "false";
	case NODE_INT:
		return arena_printf(a, "%" PRId64, n->i);
	case NODE_UINT:
		return arena_printf(a, "%" PRIu64, n->u);
	case NODE_FLOAT:
		return arena_strdup(a, go_float(n->f, 64, number));
	case NODE_STRING:
	case NODE_TIME:
		return n->s;
	case NODE_NULL:
	case NODE_LIST:
	case NODE_MAP:
		break;
	}
	return "";
}

const char *node_kind_name(enum node_kind k)
{
	static const char *const names[] = {
		[NODE_NULL] = "null",	[NODE_BOOL] = "boolean", [NODE_INT] = "number",
		[NODE_UINT] = "number", [NODE_FLOAT] = "number", [NODE_STRING] = "string",
		[NODE_LIST] = "list",	[NODE_MAP] = "mapping",	 [NODE_TIME] = "timestamp",
	};

	return names[k];
}
