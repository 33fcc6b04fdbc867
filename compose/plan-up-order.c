/* SPDX-License-Identifier: Apache-2.0 */
/* What depends_on means in `up`: whose start waits for what, and who is restarted with whom. */
#include "compose/plan-up.h"

/* One step per dependency and condition, that all the starts of its dependants wait for. */
static struct step *wait_step(struct up *u, struct up_service *dep, const struct dependency *d)
{
	autofree char *key = xprintf("%d %d", d->condition, d->required);
	struct step *wait = map_get(&dep->waits, key);

	if (wait)
		return wait;
	wait = plan_wait(u->plan, dep->s->name, d->condition);
	wait->skip_if_fails = !d->required;
	vec_foreach (s, &dep->starts)
		(d->required ? step_needs : step_after)(wait, *s);
	map_set(&dep->waits, key, wait);
	return wait;
}

void up_plan_dependencies(struct up *u, struct up_service *us)
{
	if (!us->starts.n)
		return;
	vec_foreach (d, &us->s->depends_on) {
		struct up_service *dep = up_service(u, d->service);
		struct step *wait = NULL;

		if (!dep || !up_scale(u, dep->s))
			continue;
		if (d->condition != DEPEND_STARTED)
			wait = wait_step(u, dep, d);
		vec_foreach (start, &us->starts) {
			step_needs(*start, wait);
			if (wait)
				continue;
			vec_foreach (first, &dep->starts)
				(d->required ? step_needs : step_after)(*start, *first);
		}
	}
}

void up_plan_waits(struct up *u, struct up_service *us)
{
	vec_foreach (d, &us->s->depends_on) {
		struct up_service *dep = up_service(u, d->service);

		if (dep && up_scale(u, dep->s) && d->condition != DEPEND_STARTED)
			wait_step(u, dep, d);
	}
}

static struct step *kept_step(struct up *u, struct up_service *us, struct up_kept *kept,
			      enum step_kind kind, const char *why)
{
	struct step *s = plan_step(u->plan, kind, kept->c->name, why);

	s->service = us->s;
	s->old = kept->c;
	s->id = kept->c->id;
	s->timeout = u->opt->timeout;
	return s;
}

/* Stopped before what it depends on goes, started when that is back. */
static void restart_around(struct up *u, struct up_service *us, struct up_kept *kept,
			   const struct up_service *dep)
{
	const char *why = arena_printf(u->plan->arena, "%s is replaced, which it depends on",
				       dep->s->name);

	if (!kept->stop) {
		kept->stop = kept_step(u, us, kept, STEP_CONTAINER_STOP, why);
		vec_foreach (remake, &us->remakes)
			step_after(*remake, kept->stop);
	}
	vec_foreach (remake, &dep->remakes)
		step_after(*remake, kept->stop);
	if (!kept->start) {
		kept->start = kept_step(u, us, kept, STEP_CONTAINER_START, why);
		*vec_add(&us->starts) = kept->start;
	}
	kept->start->if_changed = NULL;
	step_needs(kept->start, kept->stop);
}

/* Whether what it depends on is replaced shows only when its image has come. */
static void restart_after(struct up *u, struct up_service *us, struct up_kept *kept,
			  const struct up_service *dep)
{
	const char *why = arena_printf(u->plan->arena, "if %s is replaced, which it depends on",
				       dep->s->name);

	if (kept->start)
		return;
	kept->start = kept_step(u, us, kept, STEP_CONTAINER_RESTART, why);
	kept->start->if_changed = dep->remakes.v[0];
	*vec_add(&us->starts) = kept->start;
}

/* depends_on.restart: containers that run, of those who depend on what is replaced. */
void up_plan_restarts(struct up *u, struct up_service *us)
{
	if (u->opt->no_start)
		return;
	for (int perhaps = 0; perhaps < 2; perhaps++) {
		vec_foreach (d, &us->s->depends_on) {
			const struct up_service *dep = up_service(u, d->service);

			if (!d->restart || !dep || !dep->remakes.n ||
			    dep->remakes.v[0]->if_image_changed != perhaps)
				continue;
			vec_foreach (k, &us->kept)
				(perhaps ? restart_after : restart_around)(u, us, k, dep);
		}
	}
}
