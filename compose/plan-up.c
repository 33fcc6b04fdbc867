/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of `up` (and `create`): images, networks and volumes first, then each service's
 * containers, dependencies before those who depend on them. Containers are made as soon as their
 * image is there; only their starts wait for dependencies.
 */
#include "compose/plan-up.h"

struct up_service *up_service(struct up *u, const char *name)
{
	size_t i = (uintptr_t)map_get(&u->by_name, name);

	return i ? &u->services.v[i - 1] : NULL;
}

bool up_selected(const struct up *u, const struct service *s)
{
	return !u->opt->services.n || strv_has(&u->opt->services, s->name);
}

bool up_prepares(const struct up *u, const struct service *s)
{
	return streq0(u->opt->prepare, s->name);
}

unsigned up_scale(const struct up *u, const struct service *s)
{
	const unsigned *n = map_get(&u->opt->scale, s->name);

	return n ? *n : s->scale;
}

struct step *up_remove(struct up *u, const struct container_info *c, const char *why)
{
	struct step *stop = plan_step(u->plan, STEP_CONTAINER_STOP, c->name, why);
	struct step *rm = plan_step(u->plan, STEP_CONTAINER_REMOVE, c->name, why);

	stop->old = rm->old = c;
	stop->id = rm->id = c->id;
	stop->timeout = u->opt->timeout;
	rm->force = true;
	step_needs(rm, stop);
	return rm;
}

/* An orphan's ports and names may be what a new service wants: nothing is made before it is
 * stopped. */
static void clear_away(struct up *u, const struct container_info *c, const char *why)
{
	struct step *rm = up_remove(u, c, why);

	*vec_add(&u->cleared) = rm->needs.v[0].step;
}

/* A one-off counts once it has ended, a container of a service that no profile selects does not. */
static bool is_orphan(const struct up *u, const struct container_info *c)
{
	const char *service = container_label(c, LABEL_SERVICE);

	if (container_is_oneoff(c))
		return c->state == CONTAINER_EXITED || c->state == CONTAINER_DEAD;
	return !model_service(u->m, service) && !map_has(&u->m->tree->disabled, service);
}

static void plan_orphans(struct up *u)
{
	autostrv names = { 0 };

	vec_foreach (c, &u->w->containers) {
		if (container_is_replaced(u->w, c))
			clear_away(u, c, "left over by a replacement that was cut short");
		else if (is_orphan(u, c) && u->opt->remove_orphans)
			clear_away(u, c, "its service is not in the file");
		else if (is_orphan(u, c) && !container_is_oneoff(c))
			strv_push(&names, c->name);
	}
	if (names.n && !u->opt->ignore_orphans) {
		autofree char *list = strv_join(&names, ", ");

		finding_warning(u->f, (struct place){ 0 },
				"Found orphan containers (%s) for this project", list);
		finding_hint(
			u->f,
			"if you removed or renamed this service in your compose file, run this "
			"command with the --remove-orphans flag to clean it up");
	}
}

/* What is selected and, unless --no-deps, what that depends on. The model's order is kept:
 * dependencies first. */
static void select_services(struct up *u)
{
	automap want = { 0 };

	for (size_t i = u->m->services.n; i-- > 0;) {
		const struct service *s = &u->m->services.v[i];

		if (!up_selected(u, s) && !map_has(&want, s->name))
			continue;
		map_set(&want, s->name, (void *)s);
		if (u->opt->no_deps)
			continue;
		vec_foreach (d, &s->depends_on)
			map_set(&want, d->service, (void *)s);
	}
	vec_foreach (s, &u->m->services)
		if (map_has(&want, s->name)) {
			vec_add(&u->services)->s = s;
			map_set(&u->by_name, s->name, (void *)(uintptr_t)u->services.n);
		}
}

static int check_scales(const struct up *u, struct error *err)
{
	vec_foreach (us, &u->services)
		if (us->s->container_name && up_scale(u, us->s) > 1)
			return error_set(err, ERR_INVALID,
					 "service %s cannot have %u containers: container_name "
					 "gives it one name, \"%s\"; remove that to scale it",
					 us->s->name, up_scale(u, us->s), us->s->container_name);
	return 0;
}

static void up_done(struct up *u)
{
	vec_foreach (s, &u->services) {
		vec_done(&s->starts);
		vec_done(&s->remakes);
		vec_done(&s->kept);
		map_done(&s->waits);
	}
	vec_done(&u->services);
	vec_done(&u->cleared);
	map_done(&u->by_name);
	map_done(&u->containers);
	map_done(&u->networks);
	map_done(&u->volumes);
	map_done(&u->images);
	map_done(&u->why);
	map_done(&u->stops);
	map_done(&u->going);
	plan_free(u->plan);
}

int plan_up(const struct model *m, const struct world *w, const struct up_plan_options *opt,
	    struct plan **ret, struct findings *f, struct error *err)
{
	autocall(up_done) struct up u = {
		.plan = plan_new(m, m->name), .m = m, .w = w, .opt = opt, .f = f
	};
	int r;

	select_services(&u);
	up_index_containers(&u);
	r = check_scales(&u, err);
	if (r == 0)
		r = service_builds_check(m, err);
	if (r < 0)
		return r;
	up_plan_images(&u);
	r = up_check_images(&u, err);
	if (r == 0)
		r = up_plan_resources(&u, err);
	if (r < 0)
		return r;
	plan_orphans(&u);
	vec_foreach (s, &u.services) {
		if (up_prepares(&u, s->s)) {
			up_plan_waits(&u, s);
			continue;
		}
		up_plan_replicas(&u, s);
		up_plan_restarts(&u, s);
		up_plan_dependencies(&u, s);
	}
	r = plan_order(u.plan, err);
	if (r == 0)
		*ret = TAKE_PTR(u.plan);
	return r;
}
