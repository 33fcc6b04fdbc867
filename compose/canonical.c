/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/pass.h"

#include "compose/write.h"

/* A kind that no short form has: left as it is, for the check to refuse. */
static struct node *odd(struct pass *ps, struct node *n, const struct node_path *path,
			const char *what)
{
	pass_error(ps, n, path, "a %s can't be %s", node_kind_name(n->kind), what);
	return n;
}

static struct node *canonical(struct pass *ps, struct node *n, const struct attr *attr,
			      const struct node_path *path)
{
	if (!attr)
		return n;
	if (attr->shorten)
		n = attr->shorten(ps, n, attr, path);
	if (n->kind == NODE_MAP) {
		for (size_t i = 0; i < n->map.n; i++) {
			struct node_member *m = &n->map.v[i];

			m->value = canonical(ps, m->value, schema_member(attr, m->key),
					     PATH_STEP(path, m->key));
		}
	} else if (n->kind == NODE_LIST && attr->item) {
		for (size_t i = 0; i < n->list.n; i++)
			n->list.v[i] = canonical(ps, n->list.v[i], attr->item,
						 PATH_STEP(path, "[]"));
	}
	return n;
}

void to_canonical(struct pass *ps, struct node *root)
{
	canonical(ps, root, &schema_root, NULL);
}

static struct node *wrap(struct pass *ps, struct node *n, const char *key)
{
	struct node *map = map_like(ps, n);

	map_put(ps, map, key, n);
	return map;
}

SHORTEN(build)
{
	return is_string(n) ? wrap(ps, n, "context") : n;
}

SHORTEN(extends)
{
	return is_string(n) ? wrap(ps, n, "service") : n;
}

SHORTEN(mount)
{
	return is_string(n) ? wrap(ps, n, "source") : n;
}

SHORTEN(list)
{
	struct node *list;

	if (!is_string(n))
		return n;
	list = list_like(ps, n);
	node_list_add(ps->arena, list, n);
	return list;
}

/* Empty members are dropped: DNS=${DNS:-} is a way to leave it out. */
SHORTEN(dns)
{
	size_t kept = 0;

	n = short_list(ps, n, attr, path);
	if (!is_list(n))
		return n;
	node_item(x, n)
	{
		if (!is_null(x) && !(is_string(x) && !*x->s))
			n->list.v[kept++] = x;
	}
	n->list.n = kept;
	return n;
}

SHORTEN(text)
{
	if (is_string(n) || is_map(n) || is_list(n))
		return n;
	return string_like(ps, n, node_text(ps->arena, n));
}

SHORTEN(keys)
{
	struct node *map;

	if (!is_list(n))
		return n;
	map = map_like(ps, n);
	node_item(x, n)
	{
		if (is_string(x))
			node_set(ps->arena, map, x->s, x->at,
				 node_new(ps->arena, NODE_NULL, x->at));
		else
			odd(ps, x, path, "a name");
	}
	return map;
}

static struct node *started(struct pass *ps, const struct node *at)
{
	struct node *d = map_like(ps, at);

	map_put_string(ps, d, "condition", "service_started");
	map_put_bool(ps, d, "required", true);
	return d;
}

SHORTEN(depends_on)
{
	struct node *map;

	if (is_map(n)) {
		node_each(m, n)
		{
			if (is_map(m->value) && !node_get(m->value, "required"))
				map_put_bool(ps, m->value, "required", true);
		}
		return n;
	}
	if (!is_list(n))
		return n;
	map = map_like(ps, n);
	node_item(x, n)
	{
		if (is_string(x))
			node_set(ps->arena, map, x->s, x->at, started(ps, x));
		else
			odd(ps, x, path, "a name");
	}
	return map;
}

SHORTEN(env_file)
{
	n = short_list(ps, n, attr, path);
	if (!is_list(n))
		return n;
	for (size_t i = 0; i < n->list.n; i++) {
		struct node **x = &n->list.v[i];

		if (is_string(*x))
			*x = wrap(ps, *x, "path");
		if (is_map(*x) && !node_get(*x, "required"))
			map_put_bool(ps, *x, "required", true);
	}
	return n;
}

SHORTEN(gpus)
{
	struct node *list, *all;

	if (!is_string(n))
		return n;
	list = list_like(ps, n);
	all = map_like(ps, n);
	map_put_string(ps, all, "count", "all");
	node_list_add(ps->arena, list, all);
	return list;
}

/* Nothing becomes longer; but what is no integer by now (text, without interpolation) never is. */
SHORTEN(ulimit)
{
	if (is_string(n) || n->kind == NODE_FLOAT)
		pass_error(ps, n, path, "must be an integer or a mapping, not a %s",
			   node_kind_name(n->kind));
	return n;
}

SHORTEN(key_value)
{
	struct node *map;

	if (!is_list(n))
		return n;
	map = map_like(ps, n);
	node_item(x, n)
	{
		const char *key, *value = NULL;

		key = is_string(x) ? cut(ps, x->s, '=', &value) : NULL;
		if (!value) {
			if (!ps->opt->no_interpolate)
				pass_error(ps, x, path, "invalid value %s, expected key=value",
					   node_text(ps->arena, x));
			return n;
		}
		node_set(ps->arena, map, key, x->at, string_like(ps, x, value));
	}
	return map;
}

SHORTEN(ssh)
{
	struct node *map;

	if (!is_list(n))
		return n;
	map = map_like(ps, n);
	node_item(x, n)
	{
		const char *id, *key_path = NULL;

		if (!is_string(x)) {
			odd(ps, x, path, "an ssh key");
			continue;
		}
		id = cut(ps, x->s, '=', &key_path);
		if (!key_path && !streq(id, "default"))
			pass_error(ps, x, path, "invalid ssh key \"%s\": write id=path", x->s);
		node_set(ps->arena, map, id, x->at,
			 key_path ? string_like(ps, x, key_path)
				  : node_new(ps->arena, NODE_NULL, x->at));
	}
	return map;
}

/* external: {name: N} of old files. */
SHORTEN(external)
{
	struct node *external = node_get(n, "external"), *name = node_get(n, "name");
	struct node *old = node_get(external, "name");

	if (!is_map(external))
		return n;
	map_put_bool(ps, n, "external", true);
	if (!old)
		return n;
	finding_warning(ps->findings, old->at,
			"%s: external.name is deprecated. Please set name and external: true",
			path_text(ps, path));
	if (name && !node_equal(name, old))
		pass_error(ps, old, path, "name and external.name conflict; only use name");
	else if (!name)
		map_put(ps, n, "name", old);
	return n;
}

SHORTEN(device)
{
	autostrv parts = { 0 };
	struct node *map;

	if (!is_string(n))
		return n;
	strv_split(&parts, str_of(n->s), ':');
	if (parts.n > 3 && !ps->opt->no_interpolate) {
		pass_error(ps, n, path, "confusing device mapping, please use long syntax: %s",
			   n->s);
		return n;
	}
	map = map_like(ps, n);
	map_put_string(ps, map, "source", parts.n > 3 ? "" : parts.v[0]);
	map_put_string(ps, map, "target",
		       parts.n > 3		    ? ""
		       : parts.n > 1 && *parts.v[1] ? parts.v[1]
						    : parts.v[0]);
	map_put_string(ps, map, "permissions", parts.n == 3 ? parts.v[2] : "rwm");
	return map;
}

static void fill(struct pass *ps, struct node *n, const struct attr *attr)
{
	if (!attr)
		return;
	if (attr->fill && is_map(n)) {
		attr->fill(ps, n);
		return;
	}
	node_each(m, n) fill(ps, m->value, schema_member(attr, m->key));
	if (attr->item) {
		node_item(x, n) fill(ps, x, attr->item);
	}
}

void fill_defaults(struct pass *ps, struct node *root)
{
	fill(ps, root, &schema_root);
}

void fill_build(struct pass *ps, struct node *n)
{
	if (!node_get(n, "context"))
		map_put_string(ps, n, "context", ".");
}

void fill_secret(struct pass *ps, struct node *n)
{
	const struct node *source = node_get(n, "source");

	if (!node_get(n, "target"))
		map_put_string(ps, n, "target",
			       arena_printf(ps->arena, "/run/secrets/%s",
					    source ? node_text(ps->arena, source) : ""));
}

void fill_port(struct pass *ps, struct node *n)
{
	if (!node_get(n, "protocol"))
		map_put_string(ps, n, "protocol", "tcp");
	if (!node_get(n, "mode"))
		map_put_string(ps, n, "mode", "ingress");
}

void fill_device_request(struct pass *ps, struct node *n)
{
	if (!node_get(n, "count") && !node_get(n, "device_ids"))
		map_put_string(ps, n, "count", "all");
}
