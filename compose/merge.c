/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/pass.h"

#define INDEX_FROM 16 /* members from which a map is worth an index */

static struct node *merge_value(struct pass *ps, struct node *base, struct node *over,
				const struct attr *attr, const struct node_path *path);

/* Where the members of a map are, by name. */
struct member_index {
	struct map map; /* name -> number + 1 */
	struct node *of;
};

static void index_init(struct member_index *ix, struct node *map)
{
	*ix = (struct member_index){ .of = map };
	if (map->map.n < INDEX_FROM)
		return;
	for (size_t i = 0; i < map->map.n; i++)
		map_set(&ix->map, map->map.v[i].key, (void *)(uintptr_t)(i + 1));
}

static struct node_member *index_find(const struct member_index *ix, const char *key)
{
	uintptr_t i;

	if (!ix->map.n)
		return (struct node_member *)node_member(ix->of, key);
	i = (uintptr_t)map_get(&ix->map, key);
	return i ? &ix->of->map.v[i - 1] : NULL;
}

static struct node *merge_maps(struct pass *ps, struct node *base, struct node *over,
			       const struct attr *attr, const struct node_path *path)
{
	struct member_index ix;

	index_init(&ix, base);
	node_each(m, over)
	{
		struct node_member *have = index_find(&ix, m->key);

		if (have) {
			have->value = merge_value(ps, have->value, m->value,
						  schema_member(attr, m->key),
						  PATH_STEP(path, m->key));
			have->key_at = m->key_at;
		} else {
			node_set(ps->arena, base, m->key, m->key_at, m->value);
		}
	}
	map_done(&ix.map);
	return base;
}

static struct node *append(struct pass *ps, struct node *base, const struct node *more)
{
	node_item(x, more) node_list_add(ps->arena, base, x);
	return base;
}

static struct node *merge_value(struct pass *ps, struct node *base, struct node *over,
				const struct attr *attr, const struct node_path *path)
{
	if (attr && attr->merge)
		return attr->merge(ps, base, over, attr, path);
	if (is_null(over))
		return base;
	if (base->kind != NODE_MAP && base->kind != NODE_LIST)
		return over;
	if (base->kind != over->kind) {
		pass_fail(ps, over, "cannot override %s: it is a %s, and a %s before",
			  path_text(ps, path), node_kind_name(over->kind),
			  node_kind_name(base->kind));
		return base;
	}
	return base->kind == NODE_MAP ? merge_maps(ps, base, over, attr, path)
				      : append(ps, base, over);
}

struct node *merge_trees(struct pass *ps, struct node *base, struct node *over)
{
	return merge_maps(ps, base, over, &schema_root, NULL);
}

struct node *merge_service(struct pass *ps, struct node *base, struct node *over)
{
	return merge_maps(ps, base, over, &schema_service,
			  PATH_STEP(PATH_STEP(NULL, "services"), "x"));
}

struct node *merge_replace(struct pass *ps, struct node *base, struct node *over,
			   const struct attr *attr, const struct node_path *path)
{
	return over;
}

static int compare_text(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;

	return strcmp((*x)->s, (*y)->s);
}

static void add_pair(struct pass *ps, struct node *list, const struct node_member *m,
		     const struct node *value)
{
	const char *text = is_null(value) ? m->key
					  : arena_printf(ps->arena, "%s=%s", m->key,
							 node_text(ps->arena, value));

	node_list_add(ps->arena, list, node_string(ps->arena, text, value->at));
}

/* "key=value" items, sorted; a string is a list of one. */
static struct node *to_sequence(struct pass *ps, struct node *n)
{
	struct node *list;

	if (is_list(n))
		return n;
	list = list_like(ps, n);
	if (is_string(n))
		node_list_add(ps->arena, list, n);
	node_each(m, n)
	{
		if (is_list(m->value)) {
			node_item(x, m->value) add_pair(ps, list, m, x);
		} else {
			add_pair(ps, list, m, m->value);
		}
	}
	if (is_map(n) && list->list.n)
		qsort(list->list.v, list->list.n, sizeof(list->list.v[0]), compare_text);
	return list;
}

struct node *merge_sequence(struct pass *ps, struct node *base, struct node *over,
			    const struct attr *attr, const struct node_path *path)
{
	return append(ps, to_sequence(ps, base), to_sequence(ps, over));
}

struct node *merge_hosts(struct pass *ps, struct node *base, struct node *over,
			 const struct attr *attr, const struct node_path *path)
{
	struct node *list = to_sequence(ps, base);
	size_t before = list->list.n;

	over = to_sequence(ps, over);
	node_item(x, over)
	{
		bool have = false;

		for (size_t i = 0; i < before && !have; i++)
			have = node_equal(list->list.v[i], x);
		if (!have)
			node_list_add(ps->arena, list, x);
	}
	return list;
}

static struct node *long_build(struct pass *ps, struct node *n)
{
	struct node *map;

	if (!is_string(n))
		return n;
	map = map_like(ps, n);
	map_put(ps, map, "context", n);
	return map;
}

/* Both as maps; what isn't one is left to the check. */
static struct node *merge_as_maps(struct pass *ps, struct node *base, struct node *over,
				  const struct attr *attr, const struct node_path *path)
{
	if (!is_map(over))
		return is_null(over) ? base : over;
	return is_map(base) ? merge_maps(ps, base, over, attr, path) : over;
}

struct node *merge_build(struct pass *ps, struct node *base, struct node *over,
			 const struct attr *attr, const struct node_path *path)
{
	return merge_as_maps(ps, long_build(ps, base), long_build(ps, over), attr, path);
}

struct node *merge_depends_on(struct pass *ps, struct node *base, struct node *over,
			      const struct attr *attr, const struct node_path *path)
{
	/* What a map leaves out comes from the other one, and only then from the defaults. */
	return merge_as_maps(ps, is_map(base) ? base : short_depends_on(ps, base, attr, path),
			     is_map(over) ? over : short_depends_on(ps, over, attr, path), attr,
			     path);
}

struct node *merge_keys(struct pass *ps, struct node *base, struct node *over,
			const struct attr *attr, const struct node_path *path)
{
	return merge_as_maps(ps, short_keys(ps, base, attr, path), short_keys(ps, over, attr, path),
			     attr, path);
}

/* Options of two drivers are no one's. */
struct node *merge_logging(struct pass *ps, struct node *base, struct node *over,
			   const struct attr *attr, const struct node_path *path)
{
	const struct node *a = node_get(base, "driver"), *b = node_get(over, "driver");

	if (is_map(base) && is_map(over) && a && b && !node_equal(a, b))
		return over;
	return merge_as_maps(ps, base, over, attr, path);
}

struct node *merge_ulimit(struct pass *ps, struct node *base, struct node *over,
			  const struct attr *attr, const struct node_path *path)
{
	return over;
}

static bool same_subnet(const struct node *a, const struct node *b)
{
	const struct node *x = node_get(a, "subnet"), *y = node_get(b, "subnet");

	return x && y ? node_equal(x, y) : x == y;
}

static struct node **find_pool(struct node *pools, const struct node *like)
{
	for (size_t i = 0; i < pools->list.n; i++)
		if (same_subnet(pools->list.v[i], like))
			return &pools->list.v[i];
	return NULL;
}

static void merge_pool(struct pass *ps, struct node *pools, struct node *pool, struct node *over,
		       const struct attr *attr, const struct node_path *path)
{
	struct node **have;

	if (!same_subnet(pool, over) && !find_pool(pools, over)) {
		node_list_add(ps->arena, pools, over);
		return;
	}
	if (is_map(pool) && is_map(over))
		pool = merge_maps(ps, pool, over, attr, path);
	have = find_pool(pools, pool);
	if (have)
		*have = pool;
	else
		node_list_add(ps->arena, pools, pool);
}

/* Pools are the same when their subnets are. */
struct node *merge_ipam(struct pass *ps, struct node *base, struct node *over,
			const struct attr *attr, const struct node_path *path)
{
	struct node *pools;

	if (!is_list(base) || !is_list(over))
		return is_null(over) ? base : over;
	pools = list_like(ps, base);
	node_item(pool, base)
	{
		node_item(x, over)
			merge_pool(ps, pools, pool, node_copy(ps->arena, x), attr->item, path);
	}
	return pools;
}
