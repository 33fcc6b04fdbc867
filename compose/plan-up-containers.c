/* SPDX-License-Identifier: Apache-2.0 */
/* A service's containers in `up`: which stay, are started, replaced, made or removed, and why. */
#include "compose/plan-up.h"

#include "util/num.h"

static void needs_resources(struct up *u, struct step *step, const struct up_service *us)
{
	step_needs(step, us->image);
	vec_foreach (a, &us->s->spec.networks)
		step_needs(step, map_get(&u->networks, a->network));
	vec_foreach (m, &us->s->spec.mounts)
		if (m->type == MOUNT_VOLUME && m->source)
			step_needs(step, map_get(&u->volumes, m->source));
	vec_foreach (stop, &u->cleared)
		step_after(step, *stop);
}

/* Its own configuration and image against what it was made from; NULL when it may stay. Owned by
 * the arena. */
static const char *why_changed(struct up *u, const struct up_service *us,
			       const struct container_info *c)
{
	const struct service *s = us->s;
	const char *image = strmap_get(&u->w->images, s->image),
		   *was = container_label(c, LABEL_IMAGE);
	autofree char *fields = NULL;

	if (u->opt->recreate == RECREATE_NEVER)
		return NULL;
	if (u->opt->recreate == RECREATE_FORCE && up_selected(u, s))
		return "--force-recreate";
	if (u->opt->always_recreate_deps && !up_selected(u, s))
		return "--always-recreate-deps";
	if (!streq(container_label(c, LABEL_CONFIG_HASH), s->hash)) {
		fields = service_difference(strmap_get(&c->labels, LABEL_CONFIG), s->config_json);
		return *fields ? arena_strdup(u->plan->arena, fields)
			       : "its configuration has changed";
	}
	if (image && !us->image && *was && !streq(was, image))
		return "its image is a newer one";
	return NULL;
}

static const char *why_recreate(struct up *u, const struct up_service *us,
				const struct container_info *c)
{
	if (map_has(&u->why, c->id))
		return map_get(&u->why, c->id);
	if (container_has_spare_name(c))
		return "its replacement was cut short";
	if (c->state == CONTAINER_DEAD)
		return "it is dead";
	return why_changed(u, us, c);
}

static struct step *add_start(struct up *u, struct up_service *us, enum step_kind kind,
			      unsigned number, const char *name, const char *why)
{
	struct step *start;

	if (u->opt->no_start)
		return NULL;
	start = plan_step(u->plan, kind, name, why);
	start->service = us->s;
	start->number = number;
	vec_foreach (stop, &u->cleared)
		step_after(start, *stop);
	*vec_add(&us->starts) = start;
	return start;
}

static void plan_recreate(struct up *u, struct up_service *us, const struct container_info *c,
			  unsigned number, const char *why)
{
	autofree char *name = service_container_name(u->m, us->s, number);
	struct step *step = plan_step(u->plan, STEP_CONTAINER_RECREATE, name,
				      why ? why : "if its image changes");
	struct step *start;

	step->if_image_changed = !why;
	step->service = us->s;
	step->number = number;
	step->old = c;
	step->id = c->id;
	step->timeout = u->opt->timeout;
	step->volumes = u->opt->renew_anon_volumes;
	needs_resources(u, step, us);
	step_needs(step, map_get(&u->stops, c->id));
	*vec_add(&us->remakes) = step;
	start = add_start(u, us, STEP_CONTAINER_START, number, name, "");
	step_needs(start, step);
	if (!start || why || c->state != CONTAINER_RUNNING)
		return;
	start->if_changed = step;
	*vec_add(&us->kept) = (struct up_kept){ .c = c, .start = start };
}

/* One container that is there: recreated, started, or left alone. */
static void plan_existing(struct up *u, struct up_service *us, const struct container_info *c,
			  unsigned number)
{
	const char *why = why_recreate(u, us, c);
	struct step *start = NULL;

	if (why || (us->image && u->opt->recreate != RECREATE_NEVER)) {
		plan_recreate(u, us, c, number, why);
		return;
	}
	switch (c->state) {
	case CONTAINER_RUNNING:
	case CONTAINER_RESTARTING:
		*vec_add(&us->kept) = (struct up_kept){ .c = c };
		return;
	case CONTAINER_PAUSED:
		start = add_start(u, us, STEP_CONTAINER_UNPAUSE, number, c->name, "it is paused");
		break;
	default:
		start = add_start(u, us, STEP_CONTAINER_START, number, c->name,
				  c->state == CONTAINER_CREATED ? "it was never started"
								: "it has exited");
		break;
	}
	if (start) {
		start->old = c;
		start->id = c->id;
	}
}

static void plan_missing(struct up *u, struct up_service *us, unsigned number, struct step *gone)
{
	autofree char *name = service_container_name(u->m, us->s, number);
	struct step *step = plan_step(u->plan, STEP_CONTAINER_CREATE, name,
				      gone ? "it is made anew" : "it is not there");

	step->service = us->s;
	step->number = number;
	needs_resources(u, step, us);
	step_needs(step, gone);
	if (gone)
		*vec_add(&us->remakes) = step;
	step_needs(add_start(u, us, STEP_CONTAINER_START, number, name, ""), step);
}

static uint64_t number_of(const struct container_info *c)
{
	uint64_t n = 0;

	num_parse_u64(str_of(container_label(c, LABEL_NUMBER)), UINT32_MAX, &n);
	return n;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = number_of(*(const struct container_info *const *)a),
		 y = number_of(*(const struct container_info *const *)b);

	return (x > y) - (x < y);
}

static void free_replicas(void *p)
{
	replica_vec *v = p;

	vec_done(v);
	free(v);
}

void up_index_containers(struct up *u)
{
	map_init(&u->containers, free_replicas);
	vec_foreach (c, &u->w->containers) {
		const char *service = container_label(c, LABEL_SERVICE);
		replica_vec *list = map_get(&u->containers, service);

		if (container_is_oneoff(c) || !number_of(c) || container_is_replaced(u->w, c))
			continue;
		if (!list) {
			list = xnew(replica_vec);
			map_set(&u->containers, service, list);
		}
		*vec_add(list) = c;
	}
	map_foreach (e, &u->containers) {
		replica_vec *list = e->value;

		qsort(list->v, list->n, sizeof(*list->v), by_number);
	}
}

/* Keeps the lowest numbers, fills the gaps, drops the highest. */
void up_plan_replicas(struct up *u, struct up_service *us)
{
	unsigned wanted = up_scale(u, us->s), number = 1;
	const replica_vec none = { 0 }, *found = map_get(&u->containers, us->s->name);
	const replica_vec there = found ? *found : none;
	size_t next = 0;

	for (size_t i = 0; i < there.n; i++) {
		const struct container_info *c = there.v[i];
		struct step *gone = map_get(&u->going, c->id);

		if (i >= wanted && !gone)
			up_remove(u, c, "scaled down");
		else if (i < wanted && gone)
			plan_missing(u, us, number_of(c), gone);
		else if (i < wanted)
			plan_existing(u, us, c, number_of(c));
	}
	for (size_t have = there.n; have < wanted; have++, number++) {
		for (; next < there.n && number_of(there.v[next]) <= number; next++)
			if (number_of(there.v[next]) == number)
				number++;
		plan_missing(u, us, number, NULL);
	}
}
