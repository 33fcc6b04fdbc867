/* SPDX-License-Identifier: Apache-2.0 */
/* The graph of steps: made, ordered, printed. What goes into one is in plan-up.c, plan-down.c and
 * plan-each.c. */
#include "compose/plan.h"

static const char *const kind_names[STEP_KIND_COUNT_] = {
	[STEP_IMAGE_PULL] = "pull",
	[STEP_IMAGE_BUILD] = "build",
	[STEP_IMAGE_PUSH] = "push",
	[STEP_IMAGE_REMOVE] = "remove image",
	[STEP_NETWORK_CREATE] = "create network",
	[STEP_NETWORK_REMOVE] = "remove network",
	[STEP_VOLUME_CREATE] = "create volume",
	[STEP_VOLUME_REMOVE] = "remove volume",
	[STEP_CONTAINER_CREATE] = "create",
	[STEP_CONTAINER_RECREATE] = "recreate",
	[STEP_CONTAINER_START] = "start",
	[STEP_CONTAINER_STOP] = "stop",
	[STEP_CONTAINER_RESTART] = "restart",
	[STEP_CONTAINER_KILL] = "kill",
	[STEP_CONTAINER_PAUSE] = "pause",
	[STEP_CONTAINER_UNPAUSE] = "unpause",
	[STEP_CONTAINER_REMOVE] = "remove",
	[STEP_WAIT] = "wait for",
};

const char *step_kind_name(enum step_kind k)
{
	return kind_names[k];
}

struct plan *plan_new(const struct model *m, const char *project)
{
	struct plan *p = xnew(struct plan);

	p->arena = arena_new();
	p->model = m;
	p->project = arena_strdup(p->arena, project);
	return p;
}

struct step *plan_step(struct plan *p, enum step_kind kind, const char *name, const char *reason)
{
	struct step *s = arena_new_of(p->arena, struct step);

	s->kind = kind;
	s->name = arena_strdup(p->arena, name);
	s->reason = arena_strdup(p->arena, reason);
	s->timeout = -1;
	*vec_add(&p->steps) = s;
	return s;
}

struct step *plan_wait(struct plan *p, const char *service, enum depend_condition condition)
{
	static const char *const reasons[] = { "to run", "to be healthy", "to complete" };
	struct step *s = plan_step(p, STEP_WAIT, service, reasons[condition]);

	s->service = p->model ? model_service(p->model, service) : NULL;
	s->condition = condition;
	return s;
}

static void add_edge(struct step *s, struct step *first, bool order_only)
{
	if (!s || !first || s == first)
		return;
	vec_foreach (n, &s->needs) {
		if (n->step != first)
			continue;
		if (order_only || !n->order_only)
			return;
		n->order_only = false;
		vec_foreach (u, &first->unlocks)
			if (u->step == s)
				u->order_only = false;
		return;
	}
	*vec_add(&s->needs) = (struct step_edge){ first, order_only };
	*vec_add(&first->unlocks) = (struct step_edge){ s, order_only };
}

void step_needs(struct step *s, struct step *first)
{
	add_edge(s, first, false);
}

void step_after(struct step *s, struct step *first)
{
	add_edge(s, first, true);
}

void depends_on_parse(const char *label, dependency_text_vec *ret)
{
	autostrv parts = { 0 };

	if (!label || !*label)
		return;
	strv_split(&parts, str_of(label), ',');
	strv_foreach (part, &parts) {
		struct dependency_text *d = vec_add(ret);
		struct str name, rest, condition, restart;

		str_cut(str_of(part), ':', &name, &rest);
		str_cut(rest, ':', &condition, &restart);
		d->service = str_dup(name);
		d->condition = str_eq(condition, "service_healthy") ? DEPEND_HEALTHY
			       : str_eq(condition, "service_completed_successfully")
				       ? DEPEND_COMPLETED
				       : DEPEND_STARTED;
		d->restart = str_eq(restart, "true");
	}
}

void dependency_text_done(dependency_text_vec *v)
{
	vec_foreach (d, v)
		free(d->service);
	vec_done(v);
}

char *container_spare_name(const struct container_info *c)
{
	if (container_has_spare_name(c))
		return xstrdup(c->name);
	return xprintf("%.12s_%s", c->id, c->name);
}

bool container_has_spare_name(const struct container_info *c)
{
	return !strncmp(c->id, c->name, 12) && c->name[12] == '_';
}

bool container_is_replaced(const struct world *w, const struct container_info *c)
{
	if (!container_has_spare_name(c))
		return false;
	vec_foreach (other, &w->containers)
		if (streq(other->name, c->name + 13))
			return true;
	return false;
}

/* Kahn's: what needs nothing first, otherwise in the order in which the steps were made. */
int plan_order(struct plan *p, struct error *err)
{
	VEC(struct step *) ready = { 0 };
	size_t done = 0;

	vec_foreach (s, &p->steps) {
		(*s)->waiting = (*s)->needs.n;
		if (!(*s)->waiting)
			*vec_add(&ready) = *s;
	}
	while (done < ready.n) {
		struct step *s = ready.v[done++];

		vec_foreach (u, &s->unlocks)
			if (--u->step->waiting == 0)
				*vec_add(&ready) = u->step;
	}
	if (ready.n != p->steps.n) {
		vec_done(&ready);
		return error_set(err, ERR_INTERNAL, "the steps of the plan wait for each other");
	}
	if (ready.n)
		memcpy(p->steps.v, ready.v, ready.n * sizeof(*ready.v));
	vec_done(&ready);
	return 0;
}

struct plan *plan_free(struct plan *p)
{
	if (!p)
		return NULL;
	vec_foreach (s, &p->steps) {
		vec_done(&(*s)->needs);
		vec_done(&(*s)->unlocks);
	}
	vec_done(&p->steps);
	arena_free(p->arena);
	free(p);
	return NULL;
}

void plan_print(const struct plan *p, struct buf *out)
{
	vec_foreach (s, &p->steps) {
		buf_addf(out, "%s %s", step_kind_name((*s)->kind), (*s)->name);
		if ((*s)->reason && *(*s)->reason)
			buf_addf(out, ": %s", (*s)->reason);
		buf_addc(out, '\n');
	}
}

json_t *plan_json(const struct plan *p)
{
	json_t *steps = json_array();

	vec_foreach (s, &p->steps) {
		json_t *needs = json_array(), *j = json_object();

		vec_foreach (n, &(*s)->needs) {
			autofree char *name = xprintf("%s %s", step_kind_name(n->step->kind),
						      n->step->name);

			json_array_append_new(needs, json_string(name));
		}
		json_object_set_new(j, "step", json_string(step_kind_name((*s)->kind)));
		json_object_set_new(j, "name", json_string((*s)->name));
		if ((*s)->service)
			json_object_set_new(j, "service", json_string((*s)->service->name));
		if ((*s)->reason && *(*s)->reason)
			json_object_set_new(j, "reason", json_string((*s)->reason));
		json_object_set_new(j, "needs", needs);
		json_array_append_new(steps, j);
	}
	return steps;
}
