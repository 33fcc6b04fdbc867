/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plans of commands that do one thing to containers that are there: start, stop, restart, kill,
 * pause, unpause, rm. Starts follow the dependencies, stops go against them. And those of commands
 * on images: pull, push, build.
 */
#include "compose/plan.h"

static const char *label(const struct container_info *c, const char *name)
{
	const char *v = strmap_get(&c->labels, name);

	return v ? v : "";
}

/* Which states a kind of step has something to do with. */
static bool has_work(enum step_kind kind, const struct each_plan_options *opt,
		     enum container_state s)
{
	bool running = s == CONTAINER_RUNNING || s == CONTAINER_PAUSED || s == CONTAINER_RESTARTING;

	switch (kind) {
	case STEP_CONTAINER_START:
		return !running;
	case STEP_CONTAINER_STOP:
	case STEP_CONTAINER_KILL:
		return running;
	case STEP_CONTAINER_PAUSE:
		return s == CONTAINER_RUNNING;
	case STEP_CONTAINER_UNPAUSE:
		return s == CONTAINER_PAUSED;
	case STEP_CONTAINER_REMOVE:
		return !running || opt->stop_first;
	default:
		return true;
	}
}

static bool wanted(const struct each_plan_options *opt, const struct container_info *c)
{
	if (streq(label(c, LABEL_ONEOFF), "True") && opt->kind != STEP_CONTAINER_REMOVE)
		return false;
	return !opt->services.n || strv_has(&opt->services, label(c, LABEL_SERVICE));
}

static struct step *add(struct plan *p, enum step_kind kind, const struct model *m,
			const struct container_info *c, const struct each_plan_options *opt)
{
	struct step *s = plan_step(p, kind, c->name, "");

	s->service = m ? model_service(m, label(c, LABEL_SERVICE)) : NULL;
	s->old = c;
	s->id = c->id;
	s->timeout = opt->timeout;
	s->signal = opt->signal;
	s->volumes = opt->volumes;
	s->force = opt->force;
	return s;
}

static bool depends_on(const struct container_info *c, const char *service,
		       enum depend_condition *ret)
{
	autostrv parts = { 0 };

	strv_split(&parts, str_of(label(c, LABEL_DEPENDS_ON)), ',');
	strv_foreach (part, &parts) {
		struct str name, rest;

		str_cut(str_of(part), ':', &name, &rest);
		if (!str_eq(name, service))
			continue;
		*ret = str_starts(rest, "service_healthy")     ? DEPEND_HEALTHY
		       : str_starts(rest, "service_completed") ? DEPEND_COMPLETED
							       : DEPEND_STARTED;
		return true;
	}
	return false;
}

/* Starts wait for what they depend on, healthy where that is asked for. */
static void order_start(struct plan *p, const struct model *m, struct step *s, struct step *first,
			enum depend_condition condition)
{
	struct step *wait;

	if (condition == DEPEND_STARTED || !first->service) {
		step_needs(s, first);
		return;
	}
	wait = plan_step(p, STEP_WAIT, first->service->name,
			 condition == DEPEND_HEALTHY ? "to be healthy" : "to complete");
	wait->service = first->service;
	wait->condition = condition;
	step_needs(wait, first);
	step_needs(s, wait);
}

static void order(struct plan *p, const struct model *m, const struct each_plan_options *opt)
{
	size_t n = p->steps.n;

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++) {
			struct step *s = p->steps.v[i], *on = p->steps.v[j];
			enum depend_condition condition;

			if (i == j || s->kind != on->kind ||
			    !depends_on(s->old, label(on->old, LABEL_SERVICE), &condition))
				continue;
			if (s->kind == STEP_CONTAINER_STOP)
				step_needs(on, s);
			else if (s->kind == STEP_CONTAINER_START && !opt->no_deps)
				order_start(p, m, s, on, condition);
		}
	}
}

static bool service_known(const struct model *m, const struct world *w, const char *name)
{
	vec_foreach (c, &w->containers)
		if (streq(label(c, LABEL_SERVICE), name))
			return true;
	return m && (model_service(m, name) || map_get(&m->tree->disabled, name));
}

static int check_services(const struct model *m, const struct world *w,
			  const struct each_plan_options *opt, struct error *err)
{
	strv_foreach (name, &opt->services)
		if (!service_known(m, w, name))
			return error_set(err, ERR_NOT_FOUND, "no such service: %s", name);
	return 0;
}

/* restart = stop all against the order, then start all along it. */
static void add_restart(struct plan *p, const struct model *m, const struct container_info *c,
			const struct each_plan_options *opt)
{
	struct step *stop = add(p, STEP_CONTAINER_STOP, m, c, opt);
	struct step *start = add(p, STEP_CONTAINER_START, m, c, opt);

	step_needs(start, stop);
}

int plan_each(const struct model *m, const char *project, const struct world *w,
	      const struct each_plan_options *opt, struct plan **ret, struct error *err)
{
	autocall(plan_freep) struct plan *p = xnew(struct plan);
	int r = check_services(m, w, opt, err);

	p->arena = arena_new();
	p->model = m;
	if (r < 0)
		return r;
	vec_foreach (c, &w->containers) {
		if (!wanted(opt, c))
			continue;
		if (opt->kind == STEP_CONTAINER_RESTART) {
			add_restart(p, m, c, opt);
		} else if (opt->kind == STEP_CONTAINER_REMOVE && opt->stop_first &&
			   has_work(STEP_CONTAINER_STOP, opt, c->state)) {
			struct step *stop = add(p, STEP_CONTAINER_STOP, m, c, opt);

			step_needs(add(p, STEP_CONTAINER_REMOVE, m, c, opt), stop);
		} else if (has_work(opt->kind, opt, c->state)) {
			add(p, opt->kind, m, c, opt);
		}
	}
	order(p, m, opt);
	r = plan_order(p, err);
	if (r == 0)
		*ret = TAKE_PTR(p);
	return r;
}

int plan_ready(const struct model *m, const struct world *w, const struct strv *services,
	       struct plan **ret, struct error *err)
{
	autocall(plan_freep) struct plan *p = xnew(struct plan);
	int r;

	p->arena = arena_new();
	p->model = m;
	vec_foreach (s, &m->services) {
		struct step *step;

		if (services->n && !strv_has(services, s->name))
			continue;
		step = plan_step(p, STEP_WAIT, s->name, "to be ready");
		step->service = s;
		step->condition = DEPEND_STARTED;
		vec_foreach (c, &w->containers)
			if (streq(label(c, LABEL_SERVICE), s->name) && c->health != HEALTH_NONE)
				step->condition = DEPEND_HEALTHY;
	}
	r = plan_order(p, err);
	if (r == 0)
		*ret = TAKE_PTR(p);
	return r;
}
