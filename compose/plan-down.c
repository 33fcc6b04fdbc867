/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of `down`: those who depend on others go first; then networks, volumes and images that
 * nothing uses any more. What is the project's is known by labels, so that it works without the
 * file. */
#include "compose/plan.h"

static const char *label(const struct map *labels, const char *name)
{
	const char *v = strmap_get(labels, name);

	return v ? v : "";
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
	const char *service = label(&c->labels, LABEL_SERVICE);

	if (d->opt->services.n)
		return strv_has(&d->opt->services, service);
	if (!d->m || d->opt->remove_orphans || container_is_replaced(d->w, c))
		return true;
	return model_service(d->m, service) || map_get(&d->m->tree->disabled, service) ||
	       streq(label(&c->labels, LABEL_ONEOFF), "True");
}

static void plan_container(struct down *d, const struct container_info *c)
{
	struct down_container *dc = vec_add(&d->containers);

	dc->c = c;
	dc->stop = plan_step(d->plan, STEP_CONTAINER_STOP, c->name, "");
	dc->remove = plan_step(d->plan, STEP_CONTAINER_REMOVE, c->name, "");
	dc->stop->old = dc->remove->old = c;
	dc->stop->id = dc->remove->id = c->id;
	dc->stop->timeout = d->opt->timeout;
	dc->remove->force = true;
	dc->remove->volumes = d->opt->volumes;
	step_needs(dc->remove, dc->stop);
}

/* "db:service_healthy:false,..." of a container: each of these services is stopped after it. */
static void order_by_label(struct down *d, struct down_container *dependant)
{
	autostrv parts = { 0 };

	strv_split(&parts, str_of(label(&dependant->c->labels, LABEL_DEPENDS_ON)), ',');
	strv_foreach (part, &parts) {
		struct str service, rest;

		str_cut(str_of(part), ':', &service, &rest);
		vec_foreach (other, &d->containers)
			if (str_eq(service, label(&other->c->labels, LABEL_SERVICE)))
				step_needs(other->stop, dependant->stop);
	}
}

static void after_containers(struct down *d, struct step *s)
{
	vec_foreach (c, &d->containers)
		step_needs(s, c->remove);
}

static void plan_resources(struct down *d, const char *project)
{
	vec_foreach (n, &d->w->networks) {
		if (!streq(label(&n->labels, LABEL_PROJECT), project))
			continue;
		after_containers(d, plan_step(d->plan, STEP_NETWORK_REMOVE, n->name, ""));
	}
	vec_foreach (v, &d->w->volumes) {
		if (!d->opt->volumes || !streq(label(&v->labels, LABEL_PROJECT), project))
			continue;
		after_containers(d, plan_step(d->plan, STEP_VOLUME_REMOVE, v->name, "--volumes"));
	}
}

/* "local": those with no name of the user's own. */
static void plan_rmi(struct down *d)
{
	automap seen = { 0 };

	if (!d->opt->rmi || !d->m)
		return;
	vec_foreach (s, &d->m->services) {
		struct step *step;

		if (map_has(&seen, s->image) ||
		    (streq(d->opt->rmi, "local") && node_get(s->node, "image")))
			continue;
		if (!map_get(&d->w->images, s->image))
			continue;
		map_set(&seen, s->image, NULL);
		step = plan_step(d->plan, STEP_IMAGE_REMOVE, s->image, "--rmi");
		step->service = s;
		after_containers(d, step);
	}
}

int plan_down(const struct model *m, const char *project, const struct world *w,
	      const struct down_plan_options *opt, struct plan **ret, struct error *err)
{
	struct down d = { .plan = xnew(struct plan), .m = m, .w = w, .opt = opt };
	int r;

	d.plan->arena = arena_new();
	d.plan->model = m;
	vec_foreach (c, &w->containers)
		if (wanted(&d, c))
			plan_container(&d, c);
	vec_foreach (dc, &d.containers)
		order_by_label(&d, dc);
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
