/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/pass.h"

static void collect(struct pass *ps, struct node *n, const char *path, struct resets *ret);

static const char *step(struct pass *ps, const char *path, const char *key)
{
	if (!*path)
		return arena_strdup(ps->arena, key);
	return arena_printf(ps->arena, "%s%c%s", path, RESET_SEP, key);
}

static void collect_map(struct pass *ps, struct node *n, const char *path, struct resets *ret)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->map.n; i++) {
		struct node_member m = n->map.v[i];

		if (m.value->mark != NODE_PLAIN)
			*vec_add(&ret->paths) = step(ps, path, m.key);
		else if (m.value->kind == NODE_MAP || m.value->kind == NODE_LIST)
			collect(ps, m.value, step(ps, path, m.key), ret);
		if (m.value->mark != NODE_RESET)
			n->map.v[kept++] = m;
	}
	n->map.n = kept;
}

static void collect(struct pass *ps, struct node *n, const char *path, struct resets *ret)
{
	if (n->kind == NODE_MAP) {
		collect_map(ps, n, path, ret);
	} else if (n->kind == NODE_LIST) {
		/* Items have no names that another file could mean: their paths match nothing. */
		node_item(x, n) collect(ps, x, step(ps, path, "[]"), ret);
	}
}

void resets_collect(struct pass *ps, struct node *doc, struct resets *ret)
{
	collect(ps, doc, "", ret);
}

static void apply(struct node *tree, const char *path)
{
	const char *sep = strchr(path, RESET_SEP);
	size_t n = sep ? (size_t)(sep - path) : strlen(path);

	if (!is_map(tree))
		return;
	for (size_t i = 0; i < tree->map.n; i++) {
		const char *key = tree->map.v[i].key;

		if (strncmp(key, path, n) || key[n])
			continue;
		if (sep)
			apply(tree->map.v[i].value, sep + 1);
		else
			node_unset(tree, key);
		return;
	}
}

void resets_apply(const struct resets *rs, struct node *tree)
{
	if (!tree)
		return;
	vec_foreach (p, &rs->paths)
		apply(tree, *p);
}

void resets_apply_service(struct pass *ps, const struct resets *rs, const char *name,
			  struct node *service)
{
	const char *prefix = arena_printf(ps->arena, "services%c%s%c", RESET_SEP, name, RESET_SEP);

	vec_foreach (p, &rs->paths) {
		const char *rest = skip_prefix(*p, prefix);

		if (rest)
			apply(service, rest);
	}
}

void resets_done(struct resets *rs)
{
	vec_done(&rs->paths);
}
