/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of `down`: those who depend on others go first; then networks, volumes and images that
 * nothing uses any more. What is the project's is known by labels, so that it works without the
 * file. */
#include "compose/plan.h"

typedef VEC(size_t) size_vec;

static void free_sizes(void *p)
{
	size_vec *v = p;

	vec_done(v);
	free(v);
}

struct down {
	struct plan *plan;
	const struct model *m;
	const struct world *w;
	const struct down_plan_options *opt;
	VEC(struct down_container {
		const struct container_info *c;
		struct step *stop, *remove;
	})
	containers;
};

static bool wanted(const struct down *d, const struct container_info *c)
{
	const char *service = container_label(c, LABEL_SERVICE);

	if (d->opt->services.n)
		return strv_has(&d->opt->services, service);
	if (!d->m || container_is_replaced(d->w, c) || model_service(d->m, service) ||
	    container_is_oneoff(c))
		return true;
	return d->opt->remove_orphans && !map_has(&d->m->tree->disabled, service);
}

static void plan_container(struct down *d, const struct container_info *c)
{
	struct down_container *dc = vec_add(&d->containers);

	dc->c = c;
	dc->stop = plan_step(d->plan, STEP_CONTAINER_STOP, c->name, container_state_name(c->state));
	dc->remove = plan_step(d->plan, STEP_CONTAINER_REMOVE, c->name, "");
	dc->stop->old = dc->remove->old = c;
	dc->stop->id = dc->remove->id = c->id;
	dc->stop->timeout = d->opt->timeout;
	dc->remove->force = true;
	dc->remove->volumes = d->opt->volumes;
	step_needs(dc->remove, dc->stop);
}

/* Each service that a container depends on is stopped after it, whether or not that went well. */
static void order_by_label(struct down *d, const struct map *by_service,
			   struct down_container *dependant)
{
	dependency_text_vec on = { 0 };

	depends_on_parse(strmap_get(&dependant->c->labels, LABEL_DEPENDS_ON), &on);
	vec_foreach (dep, &on) {
		const size_vec *list = map_get(by_service, dep->service);

		for (size_t i = 0; list && i < list->n; i++)
			step_after(d->containers.v[list->v[i]].stop, dependant->stop);
	}
	dependency_text_done(&on);
}

static void order_stops(struct down *d)
{
	automap by_service = { 0 };

	map_init(&by_service, free_sizes);
	for (size_t i = 0; i < d->containers.n; i++) {
		const char *service = container_label(d->containers.v[i].c, LABEL_SERVICE);
		size_vec *list = map_get(&by_service, service);

		if (!list) {
			list = xnew(size_vec);
			map_set(&by_service, service, list);
		}
		*vec_add(list) = i;
	}
	vec_foreach (dc, &d->containers)
		order_by_label(d, &by_service, dc);
}

/* What somebody else still uses stays, and that is told. */
static void plan_resource(struct down *d, enum step_kind kind, const char *name, const char *why)
{
	struct step *s = plan_step(d->plan, kind, name, why);

	s->in_use_is_fine = true;
	vec_foreach (c, &d->containers)
		step_needs(s, c->remove);
}

/* With a file its volumes are what --volumes means, else all that have the project's label. */
static bool volume_wanted(const struct down *d, const char *name)
{
	if (!d->m)
		return true;
	vec_foreach (v, &d->m->volumes)
		if (!v->external && streq(v->spec.name, name))
			return true;
	return false;
}

static void plan_resources(struct down *d, const char *project)
{
	vec_foreach (n, &d->w->networks)
		if (streq0(strmap_get(&n->labels, LABEL_PROJECT), project))
			plan_resource(d, STEP_NETWORK_REMOVE, n->name, "");
	vec_foreach (v, &d->w->volumes)
		if (d->opt->volumes && streq0(strmap_get(&v->labels, LABEL_PROJECT), project) &&
		    volume_wanted(d, v->name))
			plan_resource(d, STEP_VOLUME_REMOVE, v->name, "--volumes");
}

/* "local": those with no name of the user's own. */
static void plan_rmi(struct down *d)
{
	automap seen = { 0 };

	if (!d->opt->rmi || !d->m)
		return;
	vec_foreach (s, &d->m->services) {
		if (map_has(&seen, s->image) ||
		    (streq(d->opt->rmi, "local") && node_get(s->node, "image")))
			continue;
		if (!map_get(&d->w->images, s->image))
			continue;
		map_set(&seen, s->image, NULL);
		plan_resource(d, STEP_IMAGE_REMOVE, s->image, "--rmi");
	}
}

int plan_down(const struct model *m, const char *project, const struct world *w,
	      const struct down_plan_options *opt, struct plan **ret, struct error *err)
{
	struct down d = { .plan = plan_new(m, project), .m = m, .w = w, .opt = opt };
	int r;

	vec_foreach (c, &w->containers)
		if (wanted(&d, c))
			plan_container(&d, c);
	order_stops(&d);
	if (!opt->services.n) {
		plan_resources(&d, project);
		plan_rmi(&d);
	}
	r = plan_order(d.plan, err);
	vec_done(&d.containers);
	if (r < 0)
		plan_free(d.plan);
	else
		*ret = d.plan;
	return r;
}
