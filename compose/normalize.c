/* SPDX-License-Identifier: Apache-2.0 */
/* What is implied: names, the default network, dependencies, values from the environment. */
#include "compose/pass.h"

#include "util/path.h"

static const char *const namespaces[] = { "network_mode", "ipc", "pid", "uts", "cgroup" };

/* "KEY" items that the environment has a value for. */
static struct node *fill_items(struct pass *ps, struct node *list, bool keep_empty)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->list.n; i++) {
		struct node *x = list->list.v[i];
		const char *value;

		if (is_string(x) && !strchr(x->s, '=')) {
			value = env_get_for(ps, x, x->s);
			if (value)
				x = string_like(ps, x,
						arena_printf(ps->arena, "%s=%s", x->s, value));
			else if (!keep_empty)
				continue;
		}
		list->list.v[kept++] = x;
	}
	list->list.n = kept;
	return list;
}

static void fill_members(struct pass *ps, struct node *map, bool keep_empty)
{
	size_t kept = 0;

	for (size_t i = 0; i < map->map.n; i++) {
		struct node_member *m = &map->map.v[i];
		const char *value = is_null(m->value) ? env_get_for(ps, m->value, m->key) : NULL;

		if (value)
			m->value = string_like(ps, m->value, value);
		else if (is_null(m->value) && !keep_empty)
			continue;
		map->map.v[kept++] = *m;
	}
	map->map.n = kept;
}

static void fill_from_environment(struct pass *ps, struct node *n, bool keep_empty)
{
	if (is_list(n))
		fill_items(ps, n, keep_empty);
	else if (is_map(n))
		fill_members(ps, n, keep_empty);
}

/* The values of variables that configs and secrets are made of. */
static void resolve_content(struct pass *ps, struct node *section, const char *key)
{
	node_each(m, section)
	{
		const struct node *name = node_get(m->value, "environment");
		const char *value = is_string(name) ? env_get_for(ps, name, name->s) : NULL;

		if (value)
			map_put_string(ps, m->value, key, value);
	}
}

void resolve_environment(struct pass *ps, struct node *root)
{
	node_each(s, node_get(root, "services"))
	{
		struct node *env = node_get(s->value, "environment");

		if (is_list(env))
			fill_items(ps, env, true);
	}
	resolve_content(ps, node_get(root, "configs"), "content");
	/* What is printed without being decoded must not have it. */
	if (!ps->opt->no_interpolate)
		resolve_content(ps, node_get(root, "secrets"), SECRET_VALUE);
}

static void depend(struct pass *ps, struct node *on, const struct node *at, const char *service,
		   bool restart)
{
	struct node *d;

	if (node_get(on, service))
		return;
	d = map_like(ps, at);
	map_put_string(ps, d, "condition", "service_started");
	map_put_bool(ps, d, "restart", restart);
	map_put_bool(ps, d, "required", true);
	node_set(ps->arena, on, service, at->at, d);
}

static void depend_on_links(struct pass *ps, struct node *on, const struct node *service)
{
	node_item(x, node_get(service, "links"))
	{
		const char *alias, *rest = NULL, *name;

		if (!is_string(x))
			continue;
		name = cut(ps, x->s, ':', &alias);
		if (alias)
			cut(ps, alias, ':', &rest);
		depend(ps, on, x, alias && !rest ? name : x->s, true);
	}
}

static void depend_on_namespaces(struct pass *ps, struct node *on, const struct node *service)
{
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		const struct node *n = node_get(service, namespaces[i]);
		const char *name = is_string(n) ? skip_prefix(n->s, "service:") : NULL;

		if (name)
			depend(ps, on, n, name, true);
	}
}

static void depend_on_volumes(struct pass *ps, struct node *on, const struct node *service)
{
	node_item(x, node_get(service, "volumes_from"))
	{
		const char *mode;

		if (is_string(x) && !starts_with(x->s, "container:"))
			depend(ps, on, x, cut(ps, x->s, ':', &mode), false);
	}
}

static void normalize_depends_on(struct pass *ps, struct node *service)
{
	struct node *on = node_get(service, "depends_on");
	bool there = is_map(on);

	if (!there)
		on = map_like(ps, service);
	depend_on_links(ps, on, service);
	depend_on_namespaces(ps, on, service);
	depend_on_volumes(ps, on, service);
	if (!there && on->map.n)
		map_put(ps, service, "depends_on", on);
}

static void normalize_build(struct pass *ps, struct node *build)
{
	if (!is_map(build))
		return;
	if (is_null(node_get(build, "context")))
		map_put_string(ps, build, "context", ".");
	if (is_null(node_get(build, "dockerfile")) && is_null(node_get(build, "dockerfile_inline")))
		map_put_string(ps, build, "dockerfile", "Dockerfile");
	fill_from_environment(ps, node_get(build, "args"), false);
}

static void normalize_volumes(struct pass *ps, struct node *volumes)
{
	node_item(v, volumes)
	{
		const struct node *target = node_get(v, "target");
		autofree char *clean = NULL;

		if (!is_string(target))
			continue;
		clean = path_clean(target->s);
		map_put_string(ps, v, "target", clean);
	}
}

static void normalize_service(struct pass *ps, struct node *service)
{
	if (!is_map(service))
		return;
	if (streq(node_str(node_get(service, "pull_policy"), ""), "if_not_present"))
		map_put_string(ps, service, "pull_policy", "missing");
	normalize_build(ps, node_get(service, "build"));
	fill_from_environment(ps, node_get(service, "environment"), true);
	normalize_depends_on(ps, service);
	normalize_volumes(ps, node_get(service, "volumes"));
}

/* True when the service is in the default network, which it is when it names none. */
static bool normalize_attachments(struct pass *ps, struct node *service)
{
	struct node *networks = node_get(service, "networks");

	if (!is_map(service) || node_get(service, "provider") || node_get(service, "network_mode"))
		return false;
	if (is_map(networks) && networks->map.n)
		return node_get(networks, "default") != NULL;
	networks = map_like(ps, service);
	map_put(ps, networks, "default", node_new(ps->arena, NODE_NULL, service->at));
	map_put(ps, service, "networks", networks);
	return true;
}

static void normalize_networks(struct pass *ps, struct node *root)
{
	struct node *networks = node_get(root, "networks");
	bool uses_default = false;

	node_each(s, node_get(root, "services"))
	{
		if (normalize_attachments(ps, s->value))
			uses_default = true;
	}
	if (!uses_default || node_get(networks, "default"))
		return;
	if (!is_map(networks)) {
		networks = map_like(ps, root);
		map_put(ps, root, "networks", networks);
	}
	map_put(ps, networks, "default", node_new(ps->arena, NODE_NULL, root->at));
}

/* Without interpolation `external` may still be text. */
static bool is_external(const struct node *resource)
{
	const struct node *n = node_get(resource, "external");
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" };

	if (!is_string(n))
		return n && n->kind == NODE_BOOL && n->b;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (streq(n->s, yes[i]))
			return true;
	return false;
}

static void name_resources(struct pass *ps, struct node *section)
{
	if (!is_map(section))
		return;
	for (size_t i = 0; i < section->map.n; i++) {
		struct node_member *m = &section->map.v[i];

		if (is_null(m->value))
			m->value = map_like(ps, m->value);
		if (!is_map(m->value) || !is_null(node_get(m->value, "name")))
			continue;
		map_put_string(ps, m->value, "name",
			       is_external(m->value)
				       ? m->key
				       : arena_printf(ps->arena, "%s_%s", ps->tree->name, m->key));
	}
}

void normalize(struct pass *ps, struct node *root)
{
	static const char *const sections[] = { "networks", "volumes", "configs", "secrets" };

	map_put_string(ps, root, "name", ps->tree->name);
	normalize_networks(ps, root);
	node_each(s, node_get(root, "services")) normalize_service(ps, s->value);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		name_resources(ps, node_get(root, sections[i]));
}
