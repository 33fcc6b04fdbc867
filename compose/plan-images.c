/* SPDX-License-Identifier: Apache-2.0 */
/* The plans of commands on images: pull, push, build. Services that share an image share the step.
 */
#include "compose/plan.h"

/* pull_policy: missing, given and not by default, and --policy missing: not what is there. Yet what
 * "latest" is changes: it is asked for. */
static bool is_enough(const struct images_plan_options *opt, const struct world *w,
		      const struct service *s)
{
	const char *policy = node_str(node_get(s->node, "pull_policy"), "");
	bool missing = opt->policy_given
			       ? opt->only_missing
			       : streq(policy, "missing") || streq(policy, "if_not_present");
	const char *slash = strrchr(s->image, '/'), *last = slash ? slash : s->image;

	return missing && map_get(&w->images, s->image) &&
	       (strchr(last, '@') || (strchr(last, ':') && !ends_with(last, ":latest")));
}

static bool has_work(const struct images_plan_options *opt, const struct world *w,
		     const struct service *s)
{
	bool named = node_get(s->node, "image") != NULL;

	switch (opt->kind) {
	case STEP_IMAGE_BUILD:
		return s->build != NULL;
	case STEP_IMAGE_PUSH:
		return s->build && named;
	default:
		if (!opt->policy_given &&
		    (s->pull_policy == PULL_NEVER || s->pull_policy == PULL_BUILD))
			return false;
		return named && !is_enough(opt, w, s) && !(s->build && opt->ignore_buildable);
	}
}

void service_build_bases(const struct model *m, const struct service *s, struct strv *ret)
{
	node_each(c, node_get(node_get(s->node, "build"), "additional_contexts"))
	{
		const char *base = skip_prefix(node_str(c->value, ""), "service:");

		if (base && model_service(m, base))
			strv_push(ret, base);
	}
}

static void order_builds(struct plan *p, const struct model *m)
{
	vec_foreach (s, &p->steps) {
		autostrv bases = { 0 };

		if ((*s)->kind == STEP_IMAGE_BUILD)
			service_build_bases(m, (*s)->service, &bases);
		vec_foreach (other, &p->steps)
			if (bases.n && strv_has(&bases, (*other)->service->name))
				step_needs(*s, *other);
	}
}

/* The named services, with include_deps what they depend on; a build takes the builds along that
 * its own needs. The model has dependencies first. */
static void select_services(const struct model *m, const struct images_plan_options *opt,
			    struct map *ret)
{
	for (size_t i = m->services.n; i-- > 0;) {
		const struct service *s = &m->services.v[i];

		if (opt->services.n && !strv_has(&opt->services, s->name) && !map_has(ret, s->name))
			continue;
		map_set(ret, s->name, (void *)s);
		vec_foreach (d, &s->depends_on)
			if (opt->include_deps)
				map_set(ret, d->service, (void *)s);
	}
}

static void select_bases(const struct model *m, const struct service *s, struct map *ret)
{
	autostrv bases = { 0 };

	service_build_bases(m, s, &bases);
	strv_foreach (base, &bases) {
		if (map_has(ret, base))
			continue;
		map_set(ret, base, (void *)s);
		select_bases(m, model_service(m, base), ret);
	}
}

/* 1: the row of services in `path`, which ends with s, takes from itself: it is named from s on. */
static int find_cycle(const struct model *m, const struct service *s, struct strv *path,
		      struct map *clean, struct error *err)
{
	autostrv bases = { 0 };
	int r = 0;

	if (map_has(clean, s->name))
		return 0;
	for (size_t i = 0; i < path->n; i++) {
		struct strv cycle = { .v = path->v + i, .n = path->n - i };
		autofree char *text = NULL;

		if (!streq(path->v[i], s->name))
			continue;
		text = strv_join(&cycle, " -> ");
		return error_set(
			err, ERR_INVALID,
			"builds that take each other's result by additional_contexts: %s -> "
			"%s",
			text, s->name);
	}
	strv_push(path, s->name);
	service_build_bases(m, s, &bases);
	strv_foreach (base, &bases)
		if (!r)
			r = find_cycle(m, model_service(m, base), path, clean, err);
	strv_remove(path, path->n - 1);
	map_set(clean, s->name, NULL);
	return r;
}

int service_builds_check(const struct model *m, struct error *err)
{
	automap clean = { 0 };
	autostrv path = { 0 };
	int r = 0;

	vec_foreach (s, &m->services)
		if (!r)
			r = find_cycle(m, s, &path, &clean, err);
	return r;
}

static int check_services(const struct model *m, const struct strv *services, struct error *err)
{
	strv_foreach (name, services)
		if (!model_service(m, name))
			return error_set(err, ERR_NOT_FOUND, "no such service: %s", name);
	return 0;
}

static void add_step(struct plan *p, const struct images_plan_options *opt, const struct service *s,
		     const char *image, struct map *seen)
{
	struct step *step;

	if (opt->kind != STEP_IMAGE_BUILD && map_has(seen, image))
		return;
	map_set(seen, image, NULL);
	step = plan_step(p, opt->kind, image, "");
	step->service = s;
	/* What can't be pulled may still be built. */
	step->skip_if_fails = opt->ignore_failures || (opt->kind == STEP_IMAGE_PULL && s->build);
}

static void add_steps(struct plan *p, const struct images_plan_options *opt,
		      const struct service *s, struct map *seen)
{
	const struct node *tags = node_get(node_get(s->node, "build"), "tags");

	add_step(p, opt, s, s->image, seen);
	node_item(tag, tags)
	{
		if (opt->kind == STEP_IMAGE_PUSH)
			add_step(p, opt, s, node_str(tag, ""), seen);
	}
}

int plan_images(const struct model *m, const struct world *w, const struct images_plan_options *opt,
		struct plan **ret, struct error *err)
{
	autocall(plan_freep) struct plan *p = plan_new(m, m->name);
	automap seen = { 0 }, want = { 0 };
	int r = check_services(m, &opt->services, err);

	if (r < 0)
		return r;
	if (opt->kind == STEP_IMAGE_BUILD)
		r = service_builds_check(m, err);
	if (r < 0)
		return r;
	select_services(m, opt, &want);
	vec_foreach (s, &m->services)
		if (opt->kind == STEP_IMAGE_BUILD && map_has(&want, s->name))
			select_bases(m, s, &want);
	vec_foreach (s, &m->services)
		if (map_has(&want, s->name) && has_work(opt, w, s))
			add_steps(p, opt, s, &seen);
	order_builds(p, m);
	r = plan_order(p, err);
	if (r == 0)
		*ret = TAKE_PTR(p);
	return r;
}
