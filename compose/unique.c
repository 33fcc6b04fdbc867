/* SPDX-License-Identifier: Apache-2.0 */
/* Items of lists that define the same thing twice: the later one takes the place of the earlier. */
#include "compose/pass.h"

static struct node *unique_list(struct pass *ps, struct node *list, const struct attr *attr,
				const struct node_path *path)
{
	automap seen = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < list->list.n; i++) {
		struct node *x = list->list.v[i];
		const char *key = attr->unique(ps, x, PATH_STEP(path, "[]"));
		uintptr_t at = key ? (uintptr_t)map_get(&seen, key) : 0;

		if (at) {
			list->list.v[at - 1] = x;
			continue;
		}
		list->list.v[n++] = x;
		if (key)
			map_set(&seen, key, (void *)(uintptr_t)n);
	}
	list->list.n = n;
	return list;
}

static void unique_within(struct pass *ps, struct node *n, const struct attr *attr,
			  const struct node_path *path)
{
	if (!attr)
		return;
	if (is_list(n) && attr->unique) {
		unique_list(ps, n, attr, path);
		return;
	}
	if (!is_map(n))
		return;
	for (size_t i = 0; i < n->map.n; i++) {
		struct node_member *m = &n->map.v[i];

		if (m->value->kind == NODE_MAP || m->value->kind == NODE_LIST)
			unique_within(ps, m->value, schema_member(attr, m->key),
				      PATH_STEP(path, m->key));
	}
}

void enforce_unique(struct pass *ps, struct node *root)
{
	unique_within(ps, root, &schema_root, NULL);
}

/* What a key function can't make a key of is left to the check. */
const char *unique_key_value(struct pass *ps, const struct node *item, const struct node_path *path)
{
	const char *tail;

	return is_string(item) ? cut(ps, item->s, '=', &tail) : NULL;
}

const char *unique_text(struct pass *ps, const struct node *item, const struct node_path *path)
{
	if (item->kind == NODE_MAP || item->kind == NODE_LIST)
		return NULL;
	return node_text(ps->arena, item);
}

static const char *member_text(struct pass *ps, const struct node *map, const char *key,
			       const char *otherwise)
{
	const struct node *n = node_get(map, key);

	if (is_null(n) || is_map(n) || is_list(n))
		return otherwise;
	return node_text(ps->arena, n);
}

const char *unique_port(struct pass *ps, const struct node *item, const struct node_path *path)
{
	if (!is_map(item))
		return unique_text(ps, item, path);
	if (!node_get(item, "target")) {
		if (!ps->unchecked)
			pass_error(ps, item, path,
				   "a port needs a target: the port in the container");
		return NULL;
	}
	/* The number 80 and the text "80" are not the same here: so Docker Compose has it. */
	return arena_printf(ps->arena, "%s:%s%s:%s%s/%s",
			    member_text(ps, item, "host_ip", "0.0.0.0"),
			    is_string(node_get(item, "published")) ? "" : "#",
			    member_text(ps, item, "published", ""),
			    is_string(node_get(item, "target")) ? "#" : "",
			    member_text(ps, item, "target", ""),
			    member_text(ps, item, "protocol", "tcp"));
}

static const char *unique_target(struct pass *ps, const struct node *item,
				 const struct node_path *path, const char *what)
{
	const struct node *target = node_get(item, "target");

	if (is_string(target))
		return target->s;
	if (!ps->unchecked)
		pass_error(ps, item, path, "a %s needs a target: the path in the container", what);
	return NULL;
}

const char *unique_volume(struct pass *ps, const struct node *item, const struct node_path *path)
{
	if (is_map(item))
		return unique_target(ps, item, path, "volume");
	return is_string(item) ? volume_spec_target(ps, item->s) : NULL;
}

const char *unique_device(struct pass *ps, const struct node *item, const struct node_path *path)
{
	const char *source, *target, *rest;

	if (is_map(item))
		return unique_target(ps, item, path, "device");
	if (!is_string(item))
		return NULL;
	source = cut(ps, item->s, ':', &target);
	return target ? cut(ps, target, ':', &rest) : source;
}

static const char *unique_mount(struct pass *ps, const struct node *item, const char *dir)
{
	if (is_string(item))
		return arena_printf(ps->arena, "%s/%s", dir, item->s);
	if (!is_map(item))
		return NULL;
	if (node_get(item, "target"))
		return member_text(ps, item, "target", NULL);
	return arena_printf(ps->arena, "%s/%s", dir, member_text(ps, item, "source", ""));
}

const char *unique_secret(struct pass *ps, const struct node *item, const struct node_path *path)
{
	return unique_mount(ps, item, "/run/secrets");
}

const char *unique_config(struct pass *ps, const struct node *item, const struct node_path *path)
{
	return unique_mount(ps, item, "");
}

const char *unique_env_file(struct pass *ps, const struct node *item, const struct node_path *path)
{
	return is_string(item) ? item->s : member_text(ps, item, "path", NULL);
}
