/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plans of commands that do one thing to containers that are there: start, stop, restart, kill,
 * pause, unpause, rm. Starts follow the dependencies, stops go against them.
 */
#include "compose/plan.h"

struct each_service {
	const char *name;
	const struct service *s; /* NULL: the file doesn't have it, or there is none */
	bool wanted;
	VEC(const struct container_info *) containers;
	VEC(struct dependency) depends_on; /* the file's, else what the label of a container says */
	VEC(struct step *) stops, starts;
	struct map waits; /* condition -> step */
};

struct each {
	struct plan *plan;
	const struct model *m;
	const struct each_plan_options *opt;
	struct map services; /* name -> struct each_service, those of the model in its order */
};

static void service_free(void *p)
{
	struct each_service *es = p;

	vec_done(&es->containers);
	vec_done(&es->depends_on);
	vec_done(&es->stops);
	vec_done(&es->starts);
	map_done(&es->waits);
	free(es);
}

static struct each_service *service_of(struct each *e, const char *name)
{
	struct each_service *es = map_get(&e->services, name);

	if (!es) {
		es = xnew(struct each_service);
		es->name = arena_strdup(e->plan->arena, name);
		map_set(&e->services, name, es);
	}
	return es;
}

static void read_label(struct each *e, struct each_service *es, const char *text)
{
	dependency_text_vec list = { 0 };

	depends_on_parse(text, &list);
	vec_foreach (t, &list)
		*vec_add(&es->depends_on) =
			(struct dependency){ .service = arena_strdup(e->plan->arena, t->service),
					     .condition = t->condition,
					     .required = true,
					     .restart = t->restart };
	dependency_text_done(&list);
}

static void collect(struct each *e, const struct world *w)
{
	for (size_t i = 0; e->m && i < e->m->services.n; i++) {
		const struct service *s = &e->m->services.v[i];
		struct each_service *es = service_of(e, s->name);

		es->s = s;
		vec_foreach (d, &s->depends_on)
			*vec_add(&es->depends_on) = *d;
	}
	vec_foreach (c, &w->containers) {
		struct each_service *es = service_of(e, container_label(c, LABEL_SERVICE));

		if (container_is_oneoff(c) && e->opt->kind != STEP_CONTAINER_REMOVE)
			continue;
		if (!es->s && !es->containers.n)
			read_label(e, es, container_label(c, LABEL_DEPENDS_ON));
		*vec_add(&es->containers) = c;
	}
}

/* ---- which services ---- */

static void take_dependencies(struct each *e, struct each_service *es)
{
	vec_foreach (d, &es->depends_on) {
		struct each_service *dep = map_get(&e->services, d->service);

		if (!dep || dep->wanted)
			continue;
		dep->wanted = true;
		take_dependencies(e, dep);
	}
}

static void take_dependants(struct each *e, const struct each_service *es)
{
	map_foreach (x, &e->services) {
		struct each_service *other = x->value;

		vec_foreach (d, &other->depends_on) {
			if (!d->restart || other->wanted || !streq(d->service, es->name))
				continue;
			other->wanted = true;
			take_dependants(e, other);
		}
	}
}

static void select_services(struct each *e)
{
	const struct each_plan_options *opt = e->opt;
	bool all = !e->m || opt->orphans || opt->kind == STEP_CONTAINER_REMOVE;

	map_foreach (x, &e->services) {
		struct each_service *es = x->value;

		es->wanted = opt->services.n ? strv_has(&opt->services, es->name) : all || es->s;
	}
	if (opt->no_deps)
		return;
	strv_foreach (name, &opt->services) {
		struct each_service *es = map_get(&e->services, name);

		if (es && opt->kind == STEP_CONTAINER_START)
			take_dependencies(e, es);
		else if (es && opt->kind == STEP_CONTAINER_RESTART)
			take_dependants(e, es);
	}
}

static int check_services(const struct each *e, struct error *err)
{
	strv_foreach (name, &e->opt->services)
		if (!map_has(&e->services, name) && !(e->m && map_has(&e->m->tree->disabled, name)))
			return error_set(err, ERR_NOT_FOUND, "no such service: %s", name);
	if (e->opt->kind != STEP_CONTAINER_START)
		return 0;
	map_foreach (x, &e->services) {
		const struct each_service *es = x->value;

		if (es->wanted && !es->containers.n && (!es->s || es->s->scale))
			return error_set(err, ERR_NOT_FOUND,
					 "service \"%s\" has no container to start: `compose up` "
					 "makes one",
					 es->name);
	}
	return 0;
}

/* ---- steps ---- */

/* Which states a kind of step has something to do with. */
static bool has_work(enum step_kind kind, enum container_state s)
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
		return !running;
	default:
		return true;
	}
}

static struct step *add(struct each *e, struct each_service *es, enum step_kind kind,
			const struct container_info *c)
{
	struct step *s = plan_step(e->plan, kind, c->name, container_state_name(c->state));

	s->service = es->s;
	s->old = c;
	s->id = c->id;
	s->timeout = e->opt->timeout;
	s->signal = e->opt->signal;
	s->volumes = e->opt->volumes;
	s->force = e->opt->force;
	s->again = e->opt->kind == STEP_CONTAINER_RESTART;
	if (kind == STEP_CONTAINER_STOP)
		*vec_add(&es->stops) = s;
	else if (kind == STEP_CONTAINER_START)
		*vec_add(&es->starts) = s;
	return s;
}

static void add_container(struct each *e, struct each_service *es, const struct container_info *c)
{
	enum step_kind kind = e->opt->kind;
	struct step *stop = NULL;

	if (kind == STEP_CONTAINER_RESTART ||
	    (kind == STEP_CONTAINER_REMOVE && e->opt->stop_first)) {
		if (has_work(STEP_CONTAINER_STOP, c->state))
			stop = add(e, es, STEP_CONTAINER_STOP, c);
		if (kind == STEP_CONTAINER_RESTART)
			kind = STEP_CONTAINER_START;
		if (stop || has_work(kind, c->state))
			step_needs(add(e, es, kind, c), stop);
	} else if (has_work(kind, c->state)) {
		add(e, es, kind, c);
	}
}

/* ---- order ---- */

static struct step *wait_step(struct each *e, struct each_service *dep, const struct dependency *d)
{
	autofree char *key = xprintf("%d %d", d->condition, d->required);
	struct step *wait = map_get(&dep->waits, key);

	if (wait)
		return wait;
	wait = plan_wait(e->plan, dep->name, d->condition);
	wait->skip_if_fails = !d->required;
	vec_foreach (s, &dep->starts)
		(d->required ? step_needs : step_after)(wait, *s);
	map_set(&dep->waits, key, wait);
	return wait;
}

/* A restart brings everything back, whatever became of what it depends on, unless that is to
 * restart it. */
static void order_starts(struct each *e, struct each_service *es, struct each_service *dep,
			 const struct dependency *d)
{
	bool restart = e->opt->kind == STEP_CONTAINER_RESTART;
	bool waits = d->condition != DEPEND_STARTED && dep->containers.n &&
		     (restart ? d->restart && dep->starts.n > 0 : !e->opt->no_deps);
	bool must = d->required && (!restart || d->restart);
	struct step *wait = waits ? wait_step(e, dep, d) : NULL;

	vec_foreach (start, &es->starts) {
		step_needs(*start, wait);
		vec_foreach (first, &dep->starts)
			(must ? step_needs : step_after)(*start, *first);
	}
}

static void order(struct each *e)
{
	map_foreach (x, &e->services) {
		struct each_service *es = x->value;

		vec_foreach (d, &es->depends_on) {
			struct each_service *dep = map_get(&e->services, d->service);

			if (!dep)
				continue;
			vec_foreach (s, &es->stops)
				vec_foreach (later, &dep->stops)
					step_after(*later, *s);
			if (es->starts.n)
				order_starts(e, es, dep, d);
		}
	}
}

int plan_each(const struct model *m, const char *project, const struct world *w,
	      const struct each_plan_options *opt, struct plan **ret, struct error *err)
{
	autocall(plan_freep) struct plan *p = plan_new(m, project);
	struct each e = { .plan = p, .m = m, .opt = opt };
	int r;

	map_init(&e.services, service_free);
	collect(&e, w);
	select_services(&e);
	r = check_services(&e, err);
	map_foreach (x, &e.services) {
		struct each_service *es = x->value;

		if (es->wanted)
			vec_foreach (c, &es->containers)
				add_container(&e, es, *c);
	}
	order(&e);
	map_done(&e.services);
	if (r == 0)
		r = plan_order(p, err);
	if (r == 0)
		*ret = TAKE_PTR(p);
	return r;
}

int plan_ready(const struct model *m, const struct world *w, const struct strv *services,
	       struct plan **ret, struct error *err)
{
	autocall(plan_freep) struct plan *p = plan_new(m, m->name);
	int r;

	vec_foreach (s, &m->services) {
		enum depend_condition condition = DEPEND_STARTED;
		bool any = false;

		if (services->n && !strv_has(services, s->name))
			continue;
		vec_foreach (c, &w->containers) {
			if (!streq(container_label(c, LABEL_SERVICE), s->name) ||
			    container_is_oneoff(c))
				continue;
			any = true;
			if (c->health != HEALTH_NONE)
				condition = DEPEND_HEALTHY;
		}
		if (any)
			plan_wait(p, s->name, condition);
	}
	r = plan_order(p, err);
	if (r == 0)
		*ret = TAKE_PTR(p);
	return r;
}
