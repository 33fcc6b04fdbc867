/* SPDX-License-Identifier: Apache-2.0 */
/* The plans of commands on images: pull, push, build. Services that share an image share the step.
 */
#include "compose/plan.h"

static bool has_work(const struct images_plan_options *opt, const struct world *w,
		     const struct service *s)
{
	bool named = node_get(s->node, "image") != NULL;

	if (opt->only_missing && map_get(&w->images, s->image))
		return false;

	switch (opt->kind) {
	case STEP_IMAGE_BUILD:
		return s->build != NULL;
	case STEP_IMAGE_PUSH:
		return s->build && named;
	default:
		return named && !(s->build && opt->ignore_buildable);
	}
}

/* A build that takes another service's image (additional_contexts: service:X) comes after that. */
static void order_builds(struct plan *p)
{
	vec_foreach (s, &p->steps) {
		if ((*s)->kind != STEP_IMAGE_BUILD || !(*s)->service->build)
			continue;
		map_foreach (c, &(*s)->service->build->contexts) {
			const char *from = skip_prefix(c->value, "service:");

			vec_foreach (other, &p->steps)
				if (from && streq((*other)->service->name, from))
					step_needs(*s, *other);
		}
	}
}

int plan_images(const struct model *m, const struct world *w, const struct images_plan_options *opt,
		struct plan **ret, struct error *err)
{
	autocall(plan_freep) struct plan *p = xnew(struct plan);
	automap seen = { 0 };
	int r;

	p->arena = arena_new();
	p->model = m;
	strv_foreach (name, &opt->services)
		if (!model_service(m, name))
			return error_set(err, ERR_NOT_FOUND, "no such service: %s", name);
	vec_foreach (s, &m->services) {
		bool asked = !opt->services.n || strv_has(&opt->services, s->name);
		struct step *step;

		if ((!asked && !opt->include_deps) || !has_work(opt, w, s))
			continue;
		if (opt->kind != STEP_IMAGE_BUILD && map_has(&seen, s->image))
			continue;
		map_set(&seen, s->image, NULL);
		step = plan_step(p, opt->kind, s->image, "");
		step->service = s;
		step->skip_if_fails = opt->ignore_failures;
	}
	order_builds(p);
	r = plan_order(p, err);
	if (r == 0)
		*ret = TAKE_PTR(p);
	return r;
}
