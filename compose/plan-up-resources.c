/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks and volumes of `up`. A network whose configuration has changed is made anew: its
 * containers stop, and are replaced once it is there. A volume is made anew only when the user has
 * said that its data may go: its containers are removed with it.
 */
#include "compose/plan-up.h"

static const struct network_info *network_there(const struct up *u, const char *name)
{
	vec_foreach (n, &u->w->networks)
		if (streq(n->name, name))
			return n;
	return NULL;
}

static const struct volume_info *volume_there(const struct world *w, const char *name)
{
	vec_foreach (v, &w->volumes)
		if (streq(v->name, name))
			return v;
	return NULL;
}

static int at_place(struct error *err, struct place at)
{
	return error_at(err, at.source ? at.source->name : NULL, at.line, at.column);
}

/* Made by this project from another configuration than it has now. */
static bool has_changed(const struct map *labels, const char *project, const char *hash)
{
	const char *was = strmap_get(labels, LABEL_CONFIG_HASH);

	return streq0(strmap_get(labels, LABEL_PROJECT), project) && was && *was &&
	       !streq(was, hash);
}

static bool network_used(struct up *u, const char *name)
{
	if (u->opt->all_resources || !u->opt->services.n)
		return true;
	vec_foreach (us, &u->services)
		vec_foreach (a, &us->s->spec.networks)
			if (streq(a->network, name))
				return true;
	return false;
}

static bool volume_used(struct up *u, const char *name)
{
	if (u->opt->all_resources || !u->opt->services.n)
		return true;
	vec_foreach (us, &u->services)
		vec_foreach (m, &us->s->spec.mounts)
			if (m->type == MOUNT_VOLUME && streq0(m->source, name))
				return true;
	return false;
}

static bool runs(const struct container_info *c)
{
	return c->state == CONTAINER_RUNNING || c->state == CONTAINER_PAUSED ||
	       c->state == CONTAINER_RESTARTING;
}

static bool is_attached(const struct container_info *c, const char *network)
{
	vec_foreach (n, &c->networks)
		if (streq(n->network, network))
			return true;
	return false;
}

/* Those of services that this `up` doesn't touch are started again as they were. */
static void detach(struct up *u, const struct container_info *c, const char *why,
		   struct step *remove, struct step *create)
{
	struct step *stop = map_get(&u->stops, c->id), *start;
	bool ours = up_service(u, container_label(c, LABEL_SERVICE)) && !container_is_oneoff(c);

	if (map_has(&u->going, c->id)) {
		step_needs(remove, map_get(&u->going, c->id));
		return;
	}
	map_set(&u->why, c->id, (void *)why);
	if (!runs(c))
		return;
	if (!stop) {
		stop = plan_step(u->plan, STEP_CONTAINER_STOP, c->name, why);
		stop->old = c;
		stop->id = c->id;
		stop->timeout = u->opt->timeout;
		map_set(&u->stops, c->id, stop);
	}
	step_needs(remove, stop);
	if (ours)
		return;
	start = plan_step(u->plan, STEP_CONTAINER_START, c->name, why);
	start->old = c;
	start->id = c->id;
	step_needs(start, create);
}

static struct step *remake_network(struct up *u, const struct model_network *n)
{
	const char *why = arena_printf(u->plan->arena, "the configuration of network %s changed",
				       n->spec.name);
	struct step *remove = plan_step(u->plan, STEP_NETWORK_REMOVE, n->spec.name,
					"its configuration changed");
	struct step *create = plan_step(u->plan, STEP_NETWORK_CREATE, n->spec.name,
					"its configuration changed");

	step_needs(create, remove);
	vec_foreach (c, &u->w->containers)
		if (is_attached(c, n->spec.name))
			detach(u, c, why, remove, create);
	return create;
}

static int plan_network(struct up *u, const struct model_network *n, struct error *err)
{
	const struct network_info *there = network_there(u, n->spec.name);
	struct step *s;

	if (!network_used(u, n->spec.name))
		return 0;
	if (n->external && !there) {
		error_set(err, ERR_NOT_FOUND,
			  "network %s declared as external, but could not be found", n->spec.name);
		return at_place(err, n->at);
	}
	if (n->external)
		return 0;
	if (there && !streq0(strmap_get(&there->labels, LABEL_PROJECT), u->m->name))
		finding_warning(
			u->f, n->at,
			"a network with name %s exists but was not created for project \"%s\": "
			"set `external: true` to use an existing network",
			n->spec.name, u->m->name);
	if (there && !has_changed(&there->labels, u->m->name, n->hash))
		return 0;
	s = there ? remake_network(u, n)
		  : plan_step(u->plan, STEP_NETWORK_CREATE, n->spec.name, "it is not there");
	s->network = n;
	map_set(&u->networks, n->spec.name, s);
	return 0;
}

static bool mounts(const struct container_info *c, const char *volume)
{
	vec_foreach (m, &c->mounts)
		if (streq0(m->name, volume))
			return true;
	return false;
}

static struct step *remake_volume(struct up *u, const struct model_volume *v)
{
	const char *why = arena_printf(u->plan->arena, "volume %s is made anew", v->spec.name);
	struct step *remove = plan_step(u->plan, STEP_VOLUME_REMOVE, v->spec.name,
					"its configuration changed");
	struct step *create = plan_step(u->plan, STEP_VOLUME_CREATE, v->spec.name,
					"its configuration changed");

	step_needs(create, remove);
	vec_foreach (c, &u->w->containers) {
		struct step *gone;

		if (!mounts(c, v->spec.name))
			continue;
		gone = map_get(&u->going, c->id);
		if (!gone) {
			gone = up_remove(u, c, why);
			map_set(&u->going, c->id, gone);
		}
		step_needs(remove, gone);
	}
	return create;
}

static void warn_of_volume(struct up *u, const struct model_volume *v,
			   const struct volume_info *there)
{
	if (!streq0(strmap_get(&there->labels, LABEL_PROJECT), u->m->name)) {
		finding_warning(u->f, v->at,
				"volume \"%s\" already exists but was not created by this project: "
				"use `external: true` to use an existing volume",
				v->spec.name);
	} else if (has_changed(&there->labels, u->m->name, v->hash)) {
		finding_warning(u->f, v->at,
				"volume \"%s\" exists but doesn't match its configuration in the "
				"compose file: it is used as it is",
				v->spec.name);
		finding_hint(u->f, "removing it, which loses its data, lets it be made anew");
	}
}

static int plan_volume(struct up *u, const struct model_volume *v, struct error *err)
{
	const struct volume_info *there = volume_there(u->w, v->spec.name);
	struct step *s;

	if (!volume_used(u, v->spec.name))
		return 0;
	if (v->external && !there) {
		error_set(err, ERR_NOT_FOUND, "external volume \"%s\" not found", v->spec.name);
		return at_place(err, v->at);
	}
	if (v->external)
		return 0;
	if (there && !(has_changed(&there->labels, u->m->name, v->hash) &&
		       strv_has(&u->opt->renew_volumes, v->spec.name))) {
		warn_of_volume(u, v, there);
		return 0;
	}
	s = there ? remake_volume(u, v)
		  : plan_step(u->plan, STEP_VOLUME_CREATE, v->spec.name, "it is not there");
	s->volume = v;
	map_set(&u->volumes, v->spec.name, s);
	return 0;
}

int up_plan_resources(struct up *u, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < u->m->volumes.n && r == 0; i++)
		r = plan_volume(u, &u->m->volumes.v[i], err);
	for (size_t i = 0; i < u->m->networks.n && r == 0; i++)
		r = plan_network(u, &u->m->networks.v[i], err);
	return r;
}

void plan_changed_volumes(const struct model *m, const struct world *w, struct strv *ret)
{
	vec_foreach (v, &m->volumes) {
		const struct volume_info *there = volume_there(w, v->spec.name);

		if (!v->external && there && has_changed(&there->labels, m->name, v->hash))
			strv_push(ret, v->spec.name);
	}
}
