/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/yaml-parts.h"

static int compare(const void *pa, const void *pb)
{
	const struct node_member *a = *(struct node_member *const *)pa;
	const struct node_member *b = *(struct node_member *const *)pb;
	int order = strcmp(a->key, b->key);

	return order ? order : (a > b) - (a < b);
}

static void drop(struct node_member *again, const struct node_member *first, bool own,
		 struct findings *f)
{
	if (own)
		finding_error(f, again->key_at, "mapping key \"%s\" already defined at line %u",
			      again->key, first->key_at.line);
	again->key = NULL;
}

static void compact(struct node *map)
{
	size_t kept = 0;

	for (size_t i = 0; i < map->map.n; i++)
		if (map->map.v[i].key)
			map->map.v[kept++] = map->map.v[i];
	map->map.n = kept;
}

void members_unique(struct node *map, size_t own, struct findings *f)
{
	size_t n = map->map.n, first = 0;
	autofree struct node_member **order = NULL;

	if (n < 2)
		return;
	order = xnewn(struct node_member *, n);
	for (size_t i = 0; i < n; i++)
		order[i] = &map->map.v[i];
	qsort(order, n, sizeof(struct node_member *), compare);
	for (size_t i = 1; i < n; i++) {
		if (!streq(order[first]->key, order[i]->key))
			first = i;
		else
			drop(order[i], order[first], order[i] < map->map.v + own, f);
	}
	compact(map);
}
