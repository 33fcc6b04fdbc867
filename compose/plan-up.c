/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of `up` (and `create`): images, networks and volumes first, then each service's
 * containers, dependencies before those who depend on them. Containers are made as soon as their
 * image is there; only their starts wait for dependencies.
 */
#include "compose/plan.h"

#include "util/num.h"

struct up {
	struct plan *plan;
	const struct model *m;
	const struct world *w;
	const struct up_plan_options *opt;
	struct findings *f;
	struct map networks, volumes; /* key -> the step that makes it */
	struct map images;	      /* reference -> the step that brings it */
	VEC(struct up_service {
		const struct service *s;
		struct step *image;
		VEC(struct step *) starts;
		struct map waits; /* condition -> step */
		bool recreated;
	})
	services;
};

static struct up_service *up_service(struct up *u, const char *name)
{
	vec_foreach (s, &u->services)
		if (streq(s->s->name, name))
			return s;
	return NULL;
}

static bool selected(const struct up *u, const struct service *s)
{
	return !u->opt->services.n || strv_has(&u->opt->services, s->name);
}

static unsigned wanted_scale(const struct up *u, const struct service *s)
{
	const unsigned *n = map_get(&u->opt->scale, s->name);

	return n ? *n : s->scale;
}

static const char *label(const struct container_info *c, const char *name)
{
	const char *v = strmap_get(&c->labels, name);

	return v ? v : "";
}

/* ---- images ---- */

static const char *why_pull(const struct up *u, const struct service *s, bool there)
{
	const char *policy = u->opt->pull;

	if (policy && streq(policy, "always"))
		return "--pull always";
	if (policy && streq(policy, "never"))
		return NULL;
	if (!policy && s->pull_policy == PULL_ALWAYS)
		return "pull_policy: always";
	if (!policy && s->pull_policy == PULL_EVERY)
		return "pull_policy: it is time to look for a newer one";
	if (!policy && s->pull_policy == PULL_NEVER)
		return NULL;
	return there ? NULL : "it is not there";
}

/* The step that brings a service's image, NULL when it is here. Services of one image share it. */
static struct step *image_step(struct up *u, const struct service *s)
{
	bool there = map_get(&u->w->images, s->image) != NULL;
	struct step *step = map_get(&u->images, s->image);
	const char *why = NULL;

	if (step)
		return step;
	if (s->build && !u->opt->no_build) {
		if (u->opt->build)
			why = "--build";
		else if (s->pull_policy == PULL_BUILD)
			why = "pull_policy: build";
		else if (!there)
			why = "its image is not there";
		if (why)
			step = plan_step(u->plan, STEP_IMAGE_BUILD, s->image, why);
	}
	if (!step && !s->build) {
		why = why_pull(u, s, there);
		if (why)
			step = plan_step(u->plan, STEP_IMAGE_PULL, s->image, why);
	}
	if (!step)
		return NULL;
	step->service = s;
	map_set(&u->images, s->image, step);
	return step;
}

/* ---- networks and volumes ---- */

static const struct network_info *network_there(const struct up *u, const char *name)
{
	vec_foreach (n, &u->w->networks)
		if (streq(n->name, name))
			return n;
	return NULL;
}

static const struct volume_info *volume_there(const struct up *u, const char *name)
{
	vec_foreach (v, &u->w->volumes)
		if (streq(v->name, name))
			return v;
	return NULL;
}

static int at_place(struct error *err, struct place at)
{
	return error_at(err, at.source ? at.source->name : NULL, at.line, at.column);
}

static int plan_network(struct up *u, const struct model_network *n, struct error *err)
{
	const struct network_info *there = network_there(u, n->spec.name);
	const char *owner = there ? strmap_get(&there->labels, LABEL_PROJECT) : NULL;
	struct step *s;

	if (n->external && !there) {
		error_set(err, ERR_NOT_FOUND,
			  "network %s declared as external, but could not be found", n->spec.name);
		return at_place(err, n->at);
	}
	if (n->external)
		return 0;
	if (there && !streq0(owner, u->m->name))
		finding_warning(
			u->f, n->at,
			"a network with name %s exists but was not created for project \"%s\": "
			"set `external: true` to use an existing network",
			n->spec.name, u->m->name);
	if (there)
		return 0;
	s = plan_step(u->plan, STEP_NETWORK_CREATE, n->spec.name, "it is not there");
	s->network = n;
	map_set(&u->networks, n->spec.name, s);
	return 0;
}

static int plan_volume(struct up *u, const struct model_volume *v, struct error *err)
{
	const struct volume_info *there = volume_there(u, v->spec.name);
	struct step *s;

	if (v->external && !there) {
		error_set(err, ERR_NOT_FOUND, "external volume \"%s\" not found", v->spec.name);
		return at_place(err, v->at);
	}
	if (v->external)
		return 0;
	if (there && !streq0(strmap_get(&there->labels, LABEL_PROJECT), u->m->name))
		finding_warning(u->f, v->at,
				"volume \"%s\" already exists but was not created by this project: "
				"use `external: true` to use an existing volume",
				v->spec.name);
	if (there)
		return 0;
	s = plan_step(u->plan, STEP_VOLUME_CREATE, v->spec.name, "it is not there");
	s->volume = v;
	map_set(&u->volumes, v->spec.name, s);
	return 0;
}

/* ---- containers ---- */

static void needs_resources(struct up *u, struct step *step, const struct up_service *us)
{
	step_needs(step, us->image);
	vec_foreach (a, &us->s->spec.networks)
		step_needs(step, map_get(&u->networks, a->network));
	vec_foreach (m, &us->s->spec.mounts)
		if (m->type == MOUNT_VOLUME && m->source)
			step_needs(step, map_get(&u->volumes, m->source));
}

/* Why this container has to be made anew; NULL when it may stay. Owned by the arena. */
static const char *why_recreate(struct up *u, const struct up_service *us,
				const struct container_info *c)
{
	const struct service *s = us->s;
	const char *image = strmap_get(&u->w->images, s->image);
	autofree char *fields = NULL;

	if (u->opt->recreate == RECREATE_NEVER)
		return NULL;
	if (u->opt->recreate == RECREATE_FORCE && selected(u, s))
		return "--force-recreate";
	if (u->opt->always_recreate_deps && !selected(u, s))
		return "--always-recreate-deps";
	if (!streq(label(c, LABEL_CONFIG_HASH), s->hash)) {
		fields = service_difference(strmap_get(&c->labels, LABEL_CONFIG), s->config_json);
		return *fields ? arena_strdup(u->plan->arena, fields)
			       : "its configuration has changed";
	}
	if (image && !us->image && *label(c, LABEL_IMAGE) && !streq(label(c, LABEL_IMAGE), image))
		return "its image is a newer one";
	return NULL;
}

static void add_start(struct up *u, struct up_service *us, struct step *first,
		      const struct container_info *c, unsigned number, const char *name,
		      const char *why)
{
	struct step *start;

	if (u->opt->no_start)
		return;
	start = plan_step(u->plan, STEP_CONTAINER_START, name, why);
	start->service = us->s;
	start->number = number;
	start->old = c;
	start->id = c && !first ? c->id : NULL;
	start->if_image_changed = first && first->if_image_changed;
	step_needs(start, first);
	*vec_add(&us->starts) = start;
}

/* One container that is there: recreated, started, or left alone. */
static void plan_existing(struct up *u, struct up_service *us, const struct container_info *c,
			  unsigned number)
{
	const char *why = why_recreate(u, us, c);
	struct step *step;

	if (!why && us->image && u->opt->recreate != RECREATE_NEVER) {
		step = plan_step(u->plan, STEP_CONTAINER_RECREATE, c->name, "if its image changes");
		step->if_image_changed = true;
	} else if (why) {
		step = plan_step(u->plan, STEP_CONTAINER_RECREATE, c->name, why);
		us->recreated = true;
	} else {
		if (c->state != CONTAINER_RUNNING && c->state != CONTAINER_RESTARTING)
			add_start(u, us, NULL, c, number, c->name, container_state_name(c->state));
		return;
	}
	step->service = us->s;
	step->number = number;
	step->old = c;
	step->id = c->id;
	step->timeout = u->opt->timeout;
	step->volumes = u->opt->renew_anon_volumes;
	needs_resources(u, step, us);
	add_start(u, us, step, c, number, c->name, "");
}

static void plan_missing(struct up *u, struct up_service *us, unsigned number)
{
	autofree char *name = service_container_name(u->m, us->s, number);
	struct step *step = plan_step(u->plan, STEP_CONTAINER_CREATE, name, "it is not there");

	step->service = us->s;
	step->number = number;
	needs_resources(u, step, us);
	add_start(u, us, step, NULL, number, name, "");
}

static void plan_remove(struct up *u, const struct container_info *c, const char *why)
{
	struct step *stop = plan_step(u->plan, STEP_CONTAINER_STOP, c->name, why), *rm;

	stop->old = c;
	stop->id = c->id;
	stop->timeout = u->opt->timeout;
	rm = plan_step(u->plan, STEP_CONTAINER_REMOVE, c->name, "");
	rm->old = c;
	rm->id = c->id;
	rm->force = true;
	step_needs(rm, stop);
}

static uint64_t number_of(const struct container_info *c)
{
	uint64_t n = 0;

	num_parse_u64(str_of(label(c, LABEL_NUMBER)), UINT32_MAX, &n);
	return n;
}

static bool is_replica_of(const struct container_info *c, const char *service)
{
	return streq(label(c, LABEL_SERVICE), service) && !streq(label(c, LABEL_ONEOFF), "True");
}

/* The replica with the lowest number above `after`, or NULL. */
static const struct container_info *next_replica(const struct up *u, const char *service,
						 uint64_t after)
{
	const struct container_info *best = NULL;

	vec_foreach (c, &u->w->containers)
		if (is_replica_of(c, service) && number_of(c) > after &&
		    !container_is_replaced(u->w, c) && (!best || number_of(c) < number_of(best)))
			best = c;
	return best;
}

/* Keeps the lowest numbers, fills the gaps, drops the highest. */
static void plan_replicas(struct up *u, struct up_service *us)
{
	unsigned wanted = wanted_scale(u, us->s), have = 0, number = 1;
	const struct container_info *c;
	uint64_t after = 0;

	while ((c = next_replica(u, us->s->name, after))) {
		after = number_of(c);
		if (have < wanted)
			plan_existing(u, us, c, after);
		else
			plan_remove(u, c, "scaled down");
		have++;
	}
	for (; have < wanted; have++, number++) {
		while ((c = next_replica(u, us->s->name, number - 1)) && number_of(c) == number)
			number++;
		plan_missing(u, us, number);
	}
}

/* One step per dependency and condition, that all the starts of its dependants wait for. */
static struct step *wait_step(struct up *u, struct up_service *dep, const struct dependency *d)
{
	static const char *const keys[] = { "started", "healthy", "completed" };
	static const char *const reasons[] = { "", "to be healthy", "to complete" };
	struct step *wait = map_get(&dep->waits, keys[d->condition]);

	if (wait)
		return wait;
	wait = plan_step(u->plan, STEP_WAIT, dep->s->name, reasons[d->condition]);
	wait->service = dep->s;
	wait->condition = d->condition;
	wait->skip_if_fails = !d->required;
	vec_foreach (s, &dep->starts)
		step_needs(wait, *s);
	map_set(&dep->waits, keys[d->condition], wait);
	return wait;
}

static void plan_dependencies(struct up *u, struct up_service *us)
{
	vec_foreach (d, &us->s->depends_on) {
		struct up_service *dep = up_service(u, d->service);

		if (!dep)
			continue;
		if (d->condition == DEPEND_STARTED) {
			vec_foreach (start, &us->starts)
				vec_foreach (first, &dep->starts)
					step_needs(*start, *first);
			continue;
		}
		if (us->starts.n) {
			struct step *wait = wait_step(u, dep, d);

			vec_foreach (start, &us->starts)
				step_needs(*start, wait);
		}
	}
}

/* depends_on.restart: running containers of those who depend on what is recreated. */
static void plan_restarts(struct up *u, struct up_service *us)
{
	bool due = false;

	vec_foreach (d, &us->s->depends_on) {
		struct up_service *dep = up_service(u, d->service);

		due = due || (d->restart && dep && dep->recreated);
	}
	if (!due || us->starts.n)
		return;
	vec_foreach (c, &u->w->containers) {
		struct step *s;

		if (!is_replica_of(c, us->s->name) || c->state != CONTAINER_RUNNING)
			continue;
		s = plan_step(u->plan, STEP_CONTAINER_RESTART, c->name,
			      "what it depends on is recreated");
		s->service = us->s;
		s->old = c;
		s->id = c->id;
		*vec_add(&us->starts) = s;
	}
}

static void plan_orphans(struct up *u)
{
	autostrv names = { 0 };

	vec_foreach (c, &u->w->containers) {
		if (container_is_replaced(u->w, c)) {
			plan_remove(u, c, "left over by a replacement that was cut short");
			continue;
		}
		if (model_service(u->m, label(c, LABEL_SERVICE)) ||
		    streq(label(c, LABEL_ONEOFF), "True") ||
		    map_get(&u->m->tree->disabled, label(c, LABEL_SERVICE)))
			continue;
		if (u->opt->remove_orphans)
			plan_remove(u, c, "its service is not in the file");
		else
			strv_push(&names, c->name);
	}
	if (names.n) {
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

		if (!selected(u, s) && !map_has(&want, s->name))
			continue;
		map_set(&want, s->name, (void *)s);
		if (u->opt->no_deps)
			continue;
		vec_foreach (d, &s->depends_on)
			map_set(&want, d->service, (void *)s);
	}
	vec_foreach (s, &u->m->services) {
		struct up_service *us;

		if (!map_has(&want, s->name))
			continue;
		us = vec_add(&u->services);
		us->s = s;
		us->image = image_step(u, s);
	}
}

static void up_done(struct up *u)
{
	vec_foreach (s, &u->services) {
		vec_done(&s->starts);
		map_done(&s->waits);
	}
	vec_done(&u->services);
	map_done(&u->networks);
	map_done(&u->volumes);
	map_done(&u->images);
	plan_free(u->plan);
}

static int check_images(const struct up *u, struct error *err)
{
	vec_foreach (us, &u->services)
		if (!us->image && !map_get(&u->w->images, us->s->image) && wanted_scale(u, us->s))
			return error_set(err, ERR_NOT_FOUND,
					 "image %s of service %s is not there, and may not be %s",
					 us->s->image, us->s->name,
					 us->s->build ? "built (--no-build)"
						      : "pulled (pull policy: never)");
	return 0;
}

int plan_up(const struct model *m, const struct world *w, const struct up_plan_options *opt,
	    struct plan **ret, struct findings *f, struct error *err)
{
	autocall(up_done) struct up u = {
		.plan = xnew(struct plan), .m = m, .w = w, .opt = opt, .f = f
	};
	int r = 0;

	u.plan->arena = arena_new();
	u.plan->model = m;
	select_services(&u);
	r = check_images(&u, err);
	for (size_t i = 0; i < m->networks.n && r == 0; i++)
		r = plan_network(&u, &m->networks.v[i], err);
	for (size_t i = 0; i < m->volumes.n && r == 0; i++)
		r = plan_volume(&u, &m->volumes.v[i], err);
	if (r < 0)
		return r;
	plan_orphans(&u);
	vec_foreach (s, &u.services) {
		plan_replicas(&u, s);
		plan_restarts(&u, s);
		plan_dependencies(&u, s);
	}
	r = plan_order(u.plan, err);
	if (r == 0)
		*ret = TAKE_PTR(u.plan);
	return r;
}
