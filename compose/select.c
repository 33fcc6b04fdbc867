/* SPDX-License-Identifier: Apache-2.0 */
/* Which services take part: by profile, then those asked for and what these need. */
#include "compose/pass.h"

static bool has_profile(const struct node *service, const struct strv *active)
{
	const struct node *profiles = node_get(service, "profiles");

	if (!is_list(profiles) || !profiles->list.n || strv_has(active, "*"))
		return true;
	node_item(p, profiles)
	{
		if (is_string(p) && strv_has(active, p->s))
			return true;
	}
	return false;
}

static struct node *services_of(struct pass *ps)
{
	return node_get(ps->tree->root, "services");
}

/* Services for which keep says no go to the disabled ones. */
static void disable_but(struct pass *ps, bool (*keep)(const struct node_member *m, void *userdata),
			void *userdata)
{
	struct node *services = services_of(ps);
	size_t kept = 0;

	for (size_t i = 0; is_map(services) && i < services->map.n; i++) {
		struct node_member *m = &services->map.v[i];

		if (keep(m, userdata))
			services->map.v[kept++] = *m;
		else
			map_set(&ps->tree->disabled, m->key, m->value);
	}
	if (services)
		services->map.n = kept;
}

static bool keep_by_profile(const struct node_member *m, void *userdata)
{
	return has_profile(m->value, userdata);
}

void select_profiles(struct pass *ps)
{
	disable_but(ps, keep_by_profile, &ps->tree->profiles);
}

/* Naming a service activates its profiles, and with them other services. */
static void enable_named(struct pass *ps)
{
	struct project_tree *t = ps->tree;
	struct node *services = services_of(ps);
	autostrv back = { 0 };

	strv_foreach (name, &ps->opt->services) {
		const struct node *service = map_get(&t->disabled, name);

		node_item(p, node_get(service, "profiles")) if (is_string(p) &&
								!strv_has(&t->profiles, p->s))
			strv_push(&t->profiles, p->s);
	}
	map_foreach (e, &t->disabled) {
		if (has_profile(e->value, &t->profiles))
			strv_push(&back, e->key);
	}
	strv_foreach (name, &back) {
		struct node *service = map_get(&t->disabled, name);

		node_add(t->arena, services, arena_strdup(t->arena, name), service->at, service);
		map_remove(&t->disabled, name);
	}
}

static int select_one(struct pass *ps, struct map *set, const char *pattern, const struct node *at,
		      bool required);

static int select_needed(struct pass *ps, struct map *set, const struct node_member *service)
{
	if (map_has(set, service->key))
		return 0;
	map_set(set, service->key, NULL);
	node_each(d, node_get(service->value, "depends_on"))
	{
		int r = select_one(ps, set, d->key, d->value,
				   node_flag(node_get(d->value, "required"), true));

		if (r < 0)
			return r;
	}
	return 0;
}

static int no_such_service(struct pass *ps, const char *name, const struct node *at)
{
	const struct node *services = services_of(ps);
	const char **names = xnewn(const char *, services ? services->map.n + 1 : 1);
	const char *nearest;
	int r = pass_fail(ps, at, "no such service: %s", name);

	for (size_t i = 0; services && i < services->map.n; i++)
		names[i] = services->map.v[i].key;
	nearest = nearest_name(name, names);
	if (map_has(&ps->tree->disabled, name))
		finding_hint(ps->findings, "its profile is not active (--profile)");
	else if (nearest)
		finding_hint(ps->findings, "did you mean \"%s\"?", nearest);
	free(names);
	return r;
}

static int select_one(struct pass *ps, struct map *set, const char *pattern, const struct node *at,
		      bool required)
{
	bool found = false;

	node_each(s, services_of(ps))
	{
		int r;

		if (glob_match(pattern, s->key) <= 0)
			continue;
		found = true;
		r = select_needed(ps, set, s);
		if (r < 0)
			return r;
	}
	return found || !required ? 0 : no_such_service(ps, pattern, at);
}

static bool keep_selected(const struct node_member *m, void *userdata)
{
	return map_has(userdata, m->key);
}

static void prune_dependencies(struct node *services, const struct map *set)
{
	node_each(s, services)
	{
		struct node *on = node_get(s->value, "depends_on");
		size_t kept = 0;

		for (size_t i = 0; is_map(on) && i < on->map.n; i++)
			if (map_has(set, on->map.v[i].key))
				on->map.v[kept++] = on->map.v[i];
		if (is_map(on))
			on->map.n = kept;
		if (is_map(on) && !kept)
			node_unset(s->value, "depends_on");
	}
}

static int select_named(struct pass *ps)
{
	automap set = { 0 };

	strv_foreach (name, &ps->opt->services) {
		int r = select_one(ps, &set, name, NULL, true);

		if (r < 0)
			return r;
	}
	disable_but(ps, keep_selected, &set);
	prune_dependencies(services_of(ps), &set);
	return 0;
}

/* Names that the active services use, by section. */
struct used {
	struct map networks, volumes, secrets, configs, models;
};

static void use_keys(struct map *set, const struct node *map)
{
	node_each(m, map) map_set(set, m->key, NULL);
}

static void use_sources(struct map *set, const struct node *list)
{
	node_item(x, list)
	{
		const char *source = node_str(node_get(x, "source"), NULL);

		if (source)
			map_set(set, source, NULL);
	}
}

static void use_by_service(struct used *used, const struct node *service)
{
	use_keys(&used->networks, node_get(service, "networks"));
	use_keys(&used->models, node_get(service, "models"));
	use_sources(&used->secrets, node_get(service, "secrets"));
	use_sources(&used->secrets, node_get(node_get(service, "build"), "secrets"));
	use_sources(&used->configs, node_get(service, "configs"));
	node_item(v, node_get(service, "volumes"))
	{
		const char *source = node_str(node_get(v, "source"), NULL);

		if (source && streq(node_str(node_get(v, "type"), ""), "volume"))
			map_set(&used->volumes, source, NULL);
	}
}

static void drop_unused(struct node *root, const char *section, struct map *used)
{
	struct node *map = node_get(root, section);
	size_t kept = 0;

	for (size_t i = 0; is_map(map) && i < map->map.n; i++)
		if (map_has(used, map->map.v[i].key))
			map->map.v[kept++] = map->map.v[i];
	if (is_map(map))
		map->map.n = kept;
	if (is_map(map) && !kept)
		node_unset(root, section);
	map_done(used);
}

static void drop_unused_resources(struct pass *ps)
{
	struct used used = { 0 };
	struct node *root = ps->tree->root;

	node_each(s, services_of(ps)) use_by_service(&used, s->value);
	drop_unused(root, "networks", &used.networks);
	drop_unused(root, "volumes", &used.volumes);
	drop_unused(root, "secrets", &used.secrets);
	drop_unused(root, "configs", &used.configs);
	drop_unused(root, "models", &used.models);
}

int select_services(struct pass *ps)
{
	int r = 0;

	if (ps->opt->services.n) {
		enable_named(ps);
		if (!ps->opt->skip_env_files)
			read_env_files(ps, ps->tree->root);
		r = ps->opt->keep_others ? 0 : select_named(ps);
	}
	if (r == 0 && !ps->opt->all_resources)
		drop_unused_resources(ps);
	return r;
}
