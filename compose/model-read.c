/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical values to C values. The loader has checked their forms: what doesn't fit reads as
 * absent. */
#include "compose/model.h"

#include "util/num.h"
#include "util/time.h"

void node_to_strv(const struct node *list, struct strv *ret)
{
	node_item(x, list) strv_push(ret, node_str(x, ""));
}

void node_to_strmap(const struct node *map, struct map *ret)
{
	node_each(m, map) strmap_set(ret, m->key, node_str(m->value, ""));
}

char *node_dup(const struct node *map, const char *key)
{
	return xstrdup0(node_str(node_get(map, key), NULL));
}

int64_t node_duration(const struct node *map, const char *key, int64_t otherwise)
{
	const char *s = node_str(node_get(map, key), NULL);
	int64_t d;

	return s && duration_parse(s, &d, NULL) == 0 ? d : otherwise;
}

int64_t node_size(const struct node *map, const char *key, int64_t otherwise)
{
	const struct node *n = node_get(map, key);
	const char *s = node_str(n, NULL);
	int64_t v;

	if (!s)
		return node_i64(n, otherwise);
	return num_parse_size(s, &v, NULL) == 0 ? v : otherwise;
}
