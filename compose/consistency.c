/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the parts of the canonical project fit together: all that doesn't, not the first alone.
 */
#include "compose/consistency.h"

#include "util/num.h"

static const struct node *member(const struct node *n, const char *const *path)
{
	for (; n && *path; path++)
		n = node_get(n, *path);
	return n;
}

#define AT(n, ...) member(n, (const char *const[]){ __VA_ARGS__, NULL })

/* A hint with the nearest name of a section. */
void hint_nearest(struct pass *ps, const char *name, const struct node *section)
{
	size_t n = is_map(section) ? section->map.n : 0;
	const char **names = xnewn(const char *, n + 1);
	const char *nearest;

	for (size_t i = 0; i < n; i++)
		names[i] = section->map.v[i].key;
	nearest = nearest_name(name, names);
	if (nearest)
		finding_hint(ps->findings, "did you mean \"%s\"?", nearest);
	free(names);
}

static void check_reference(struct checker *ck, const struct node *at, const char *section,
			    const char *what, const char *name)
{
	const struct node *all = node_get(ck->root, section);

	if (node_get(all, name))
		return;
	pass_fail(ck->ps, at, "service \"%s\" refers to undefined %s %s: invalid compose project",
		  ck->name, what, name);
	hint_nearest(ck->ps, name, all);
	if (!all)
		finding_hint(ck->ps->findings, "name it under the top-level `%s:`", section);
}

static void check_keys(struct checker *ck, const struct node *map, const char *section,
		       const char *what)
{
	node_each(m, map) check_reference(ck, m->value, section, what, m->key);
}

static void check_sources(struct checker *ck, const struct node *list, const char *section,
			  const char *what)
{
	node_item(x, list)
	{
		const struct node *source = node_get(x, "source");

		check_reference(ck, source ? source : x, section, what, node_str(source, ""));
	}
}

static void check_references(struct checker *ck)
{
	const struct node *s = ck->service;

	check_keys(ck, node_get(s, "networks"), "networks", "network");
	check_keys(ck, node_get(s, "models"), "models", "model");
	check_sources(ck, AT(s, "build", "secrets"), "secrets", "build secret");
	check_sources(ck, node_get(s, "configs"), "configs", "config");
	check_sources(ck, node_get(s, "secrets"), "secrets", "secret");
	node_item(v, node_get(s, "volumes"))
	{
		const struct node *source = node_get(v, "source");

		if (is_string(source) && streq(node_str(node_get(v, "type"), ""), "volume"))
			check_reference(ck, source, "volumes", "volume", source->s);
	}
}

static void check_dependencies(struct checker *ck)
{
	node_each(d, node_get(ck->service, "depends_on"))
	{
		bool required = node_flag(node_get(d->value, "required"), true);
		bool disabled = map_has(&ck->ps->tree->disabled, d->key);

		if (map_has(ck->services, d->key) || (disabled && !required))
			continue;
		pass_fail(ck->ps, d->value,
			  "service \"%s\" depends on undefined service \"%s\": invalid compose "
			  "project",
			  ck->name, d->key);
		if (disabled)
			finding_hint(ck->ps->findings, "its profile is not active (--profile)");
		else
			hint_nearest(ck->ps, d->key, node_get(ck->root, "services"));
	}
}

static void check_additional_contexts(struct checker *ck, const struct node *build)
{
	node_each(c, node_get(build, "additional_contexts"))
	{
		const char *target = skip_prefix(node_str(c->value, ""), "service:");
		const struct node *other = target ? map_get(ck->services, target) : NULL;

		if (!target)
			continue;
		if (!other)
			pass_fail(ck->ps, c->value,
				  "service \"%s\" declares unknown service \"%s\" as additional "
				  "contexts %s",
				  ck->name, target, c->key);
		else if (!node_get(other, "build"))
			pass_fail(ck->ps, c->value,
				  "service \"%s\" declares non-buildable service \"%s\" as "
				  "additional "
				  "contexts %s",
				  ck->name, target, c->key);
	}
}

static void check_build(struct checker *ck)
{
	const struct node *build = node_get(ck->service, "build");
	const struct node *platforms = node_get(build, "platforms");
	const char *platform = node_str(node_get(ck->service, "platform"), NULL);
	bool found = false;

	if (!build)
		return;
	if (node_get(build, "dockerfile") && node_get(build, "dockerfile_inline"))
		pass_fail(ck->ps, build,
			  "service \"%s\" declares mutualy exclusive dockerfile and "
			  "dockerfile_inline: invalid compose project",
			  ck->name);
	check_additional_contexts(ck, build);
	if (!platforms || !platforms->list.n || !platform)
		return;
	node_item(p, platforms) found |= streq(node_str(p, ""), platform);
	if (!found)
		pass_fail(ck->ps, platforms,
			  "service.build.platforms MUST include service.platform \"%s\": invalid "
			  "compose project",
			  platform);
}

static void check_network_mode(struct checker *ck)
{
	const struct node *mode = node_get(ck->service, "network_mode");
	const char *other = skip_prefix(node_str(mode, ""), "service:");

	if (mode && node_get(ck->service, "networks"))
		pass_fail(ck->ps, mode,
			  "service %s declares mutually exclusive `network_mode` and `networks`: "
			  "invalid compose project",
			  ck->name);
	if (other && !map_has(ck->services, other))
		pass_fail(ck->ps, mode, "service \"%s\" not found for network_mode 'service:%s'",
			  other, other);
}

static void check_healthcheck(struct checker *ck)
{
	const struct node *test = AT(ck->service, "healthcheck", "test");
	const char *first = is_list(test) && test->list.n ? node_str(test->list.v[0], "") : NULL;

	if (first && !streq(first, "CMD") && !streq(first, "CMD-SHELL") && !streq(first, "NONE"))
		pass_fail(
			ck->ps, test,
			"healthcheck.test must start either by \"CMD\", \"CMD-SHELL\" or \"NONE\"");
}

/* An old attribute and its newer twin under `deploy`. */
static const struct twin {
	const char *old, *section, *name;
} twins[] = {
	{ "cpus", "limits", "cpus" },
	{ "mem_limit", "limits", "memory" },
	{ "mem_reservation", "reservations", "memory" },
	{ "pids_limit", "limits", "pids" },
};

static void check_twins(struct checker *ck)
{
	for (size_t i = 0; i < ARRAY_SIZE(twins); i++) {
		const struct twin *t = &twins[i];
		const struct node *old = node_get(ck->service, t->old);
		const struct node *resources = AT(ck->service, "deploy", "resources", t->section);
		const struct node *value = node_get(resources, t->name);

		if (!old || !resources || (value && node_equal(old, value)))
			continue;
		pass_fail(ck->ps, old,
			  "services.%s: can't set distinct values on '%s' and "
			  "'deploy.resources.%s.%s': invalid compose project",
			  ck->name, t->old, t->section, t->name);
	}
}

static void check_scale(struct checker *ck)
{
	const struct node *scale = node_get(ck->service, "scale");
	const struct node *replicas = AT(ck->service, "deploy", "replicas");
	const struct node *container = node_get(ck->service, "container_name");

	if (scale && replicas && !node_equal(scale, replicas))
		pass_fail(
			ck->ps, scale,
			"services.%s: can't set distinct values on 'scale' and 'deploy.replicas': "
			"invalid compose project",
			ck->name);
	if (node_i64(scale, 0) < 0)
		pass_fail(ck->ps, scale, "services.%s.scale: must be greater than or equal to 0",
			  ck->name);
	if (node_i64(replicas, 0) < 0)
		pass_fail(ck->ps, replicas,
			  "services.%s.deploy.replicas: must be greater than or equal to 0",
			  ck->name);
	if (container && node_i64(scale ? scale : replicas, 1) > 1)
		pass_fail(ck->ps, container,
			  "services.%s: can't set container_name and %s as container name must be "
			  "unique: invalid compose project",
			  ck->name, scale ? "scale" : "deploy.replicas");
}

static void check_watch(struct checker *ck)
{
	node_item(w, AT(ck->service, "develop", "watch"))
	{
		const char *action = node_str(node_get(w, "action"), "");

		if (!node_get(w, "target") && !streq(action, "rebuild") &&
		    !streq(action, "restart"))
			pass_fail(ck->ps, w,
				  "services.%s.develop.watch: target is required for non-rebuild "
				  "actions: invalid compose project",
				  ck->name);
	}
}

static void check_mount(struct checker *ck, struct map *mounts, const struct node *at,
			const char *target, const char *where)
{
	const char *other = strmap_get(mounts, target);

	if (other)
		pass_fail(ck->ps, at, "%s: target %s already mounted as %s", where, target, other);
	else
		strmap_set(mounts, target, where);
}

static void check_mounts(struct checker *ck)
{
	struct pass *ps = ck->ps;
	automap mounts = { 0 };
	size_t i = 0;

	node_item(x, node_get(ck->service, "tmpfs"))
	{
		const char *options;

		check_mount(ck, &mounts, x, cut(ps, node_str(x, ""), ':', &options),
			    arena_printf(ps->arena, "services.%s.tmpfs[%zu]", ck->name, i++));
	}
	i = 0;
	node_item(v, node_get(ck->service, "volumes"))
		check_mount(ck, &mounts, v, node_str(node_get(v, "target"), ""),
			    arena_printf(ps->arena, "services.%s.volumes[%zu]", ck->name, i++));
}

static void check_source(struct checker *ck)
{
	const struct node *s = ck->service;

	if (node_get(s, "build") || node_get(s, "image") || node_get(s, "provider"))
		return;
	pass_fail(ck->ps, s,
		  "service \"%s\" has neither an image nor a build context specified: invalid "
		  "compose project",
		  ck->name);
}

static void check_service(struct checker *ck)
{
	check_source(ck);
	check_build(ck);
	check_network_mode(ck);
	check_references(ck);
	check_healthcheck(ck);
	check_dependencies(ck);
	check_scale(ck);
	check_twins(ck);
	check_watch(ck);
	check_mounts(ck);
}

static void check_secrets(struct pass *ps, const struct node *root)
{
	node_each(s, node_get(root, "secrets"))
	{
		if (!node_flag(node_get(s->value, "external"), false) &&
		    !node_get(s->value, "file") && !node_get(s->value, "environment"))
			pass_fail(ps, s->value,
				  "secret \"%s\" must declare either `file` or `environment`: "
				  "invalid "
				  "compose project",
				  s->key);
	}
}

void check_consistency(struct pass *ps)
{
	const struct node *root = ps->tree->root;
	automap services = { 0 };

	node_each(s, node_get(root, "services")) map_set(&services, s->key, s->value);
	node_each(s, node_get(root, "services"))
	{
		struct checker ck = { ps, root, &services, s->key, s->value };

		check_service(&ck);
	}
	check_secrets(ps, root);
	check_cycles(ps, node_get(root, "services"));
}

void check_container_names(struct pass *ps)
{
	automap taken = { 0 };

	node_each(s, node_get(ps->tree->root, "services"))
	{
		const struct node *name = node_get(s->value, "container_name");
		const char *other = is_string(name) ? map_get(&taken, name->s) : NULL;

		if (other)
			pass_fail(ps, name,
				  "services.%s: container name \"%s\" is already in use by service "
				  "%s",
				  s->key, name->s, other);
		else if (is_string(name))
			map_set(&taken, name->s, (void *)(uintptr_t)s->key);
	}
}
