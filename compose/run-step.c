/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/run-step.h"

/* ---- images ---- */

static void on_transfer(void *userdata, const struct transfer_progress *p)
{
	struct job *j = userdata;

	run_report(j->run, j->step, &(struct run_event){ .transfer = p });
}

static int next_pull(struct job *j, struct task **ret, enum step_state *ret_state,
		     struct error *err)
{
	struct engine *e = j->run->opt.engine;
	const struct engine_progress progress = { on_transfer, j };
	const struct service *s = j->step->service;

	if (j->phase == 0) {
		*ret = e->ops->image_pull(e, j->step->name, s ? s->spec.platform : NULL, &progress,
					  &j->image);
		return 0;
	}
	strmap_set(&j->run->images, j->step->name, j->image.id);
	*ret_state = j->answer > 0 ? STEP_UNCHANGED : STEP_DONE;
	return 0;
}

static int next_push(struct job *j, struct task **ret, enum step_state *ret_state,
		     struct error *err)
{
	struct engine *e = j->run->opt.engine;
	const struct engine_progress progress = { on_transfer, j };

	if (j->phase == 0)
		*ret = e->ops->image_push(e, j->step->name, &progress, j->id);
	else
		j->note = j->id;
	return 0;
}

static int next_image_remove(struct job *j, struct task **ret, enum step_state *ret_state,
			     struct error *err)
{
	struct engine *e = j->run->opt.engine;

	if (j->phase == 0)
		*ret = e->ops->image_remove(e, j->step->name, false);
	return 0;
}

static void on_build(void *userdata, const struct build_event *ev)
{
	struct job *j = userdata;

	run_report(j->run, j->step, &(struct run_event){ .build = ev });
}

/* `build` makes the image for all platforms of the build section; what is to run at once is made for one: the
 * service's, the only one that the section names, else this machine's. */
static void choose_platforms(struct build_options *o, bool all)
{
	if (all && o->platforms.n)
		return;
	if (!o->platform && o->platforms.n == 1)
		o->platform = o->platforms.v[0];
	o->platforms = (struct strv){ 0 };
}

/* The service's build with what the command line says on top. Everything is borrowed: the job has
 * what is made here. */
static void build_options_for(struct job *j, struct build_options *ret)
{
	const struct build_options *over = j->run->opt.build_overrides;
	const struct service *s = j->step->service;

	*ret = *s->build;
	strv_push(&j->build_tags, s->image);
	strv_extend(&j->build_tags, &s->build->tags);
	ret->tags = j->build_tags;
	ret->slots = j->run->build_slots;
	ret->event = on_build;
	ret->userdata = j;
	choose_platforms(ret, over != NULL);
	if (!over) { /* what is said about an image is for those who get it */
		ret->provenance = ret->sbom = NULL;
		return;
	}
	ret->verify = over->verify;
	ret->check = over->check;
	if (over->provenance)
		ret->provenance = over->provenance;
	if (over->sbom)
		ret->sbom = over->sbom;
	ret->no_cache |= over->no_cache;
	ret->pull |= over->pull;
	strmap_copy(&j->build_args, &s->build->args);
	strmap_copy(&j->build_args, &over->args);
	ret->args = j->build_args;
}

static int next_build(struct job *j, struct task **ret, enum step_state *ret_state,
		      struct error *err)
{
	const struct run_options *opt = &j->run->opt;

	if (j->phase == 0 && j->step->if_image_missing && map_get(&j->run->images, j->step->name)) {
		*ret_state = STEP_UNCHANGED;
		return 0;
	}
	if (j->phase == 0) {
		if (!opt->runner || !opt->store)
			return error_set(err, ERR_UNSUPPORTED,
					 "building is not supported by the %s engine",
					 opt->engine->ops->name);
		build_options_for(j, &j->build);
		*ret = build_start(j->run->task.loop, opt->store, opt->runner, &j->build, j->id);
		return 0;
	}
	if (!j->build.check)
		strmap_set(&j->run->images, j->step->name, j->id);
	return 0;
}

/* ---- networks and volumes ---- */

static int next_network_create(struct job *j, struct task **ret, enum step_state *ret_state,
			       struct error *err)
{
	struct engine *e = j->run->opt.engine;

	if (j->phase == 0)
		*ret = e->ops->network_create(e, &j->step->network->spec);
	return 0;
}

static int next_network_remove(struct job *j, struct task **ret, enum step_state *ret_state,
			       struct error *err)
{
	struct engine *e = j->run->opt.engine;

	if (j->phase == 0)
		*ret = e->ops->network_remove(e, j->step->name);
	return 0;
}

static int next_volume_create(struct job *j, struct task **ret, enum step_state *ret_state,
			      struct error *err)
{
	struct engine *e = j->run->opt.engine;

	if (j->phase == 0)
		*ret = e->ops->volume_create(e, &j->step->volume->spec);
	return 0;
}

static int next_volume_remove(struct job *j, struct task **ret, enum step_state *ret_state,
			      struct error *err)
{
	struct engine *e = j->run->opt.engine;

	if (j->phase == 0)
		*ret = e->ops->volume_remove(e, j->step->name);
	return 0;
}

/* ---- containers ---- */

/* The id of the image that the step's service runs, asking for it when no pull or build of this run
 * has told it. */
static const char *image_known(struct job *j)
{
	const char *id = strmap_get(&j->run->images, j->step->service->image);

	return id ? id : j->image.id;
}

static struct task *ask_image(struct job *j)
{
	struct engine *e = j->run->opt.engine;

	return e->ops->image_inspect(e, j->step->service->image, &j->image, &j->config);
}

static bool is_anonymous(const char *volume)
{
	return volume && strlen(volume) == 64 && strspn(volume, "0123456789abcdef") == 64;
}

/* Anonymous volumes of the container that is replaced go over to the new one, unless the
 * configuration now has something else in their place. */
static void inherit_volumes(const struct container_info *old, struct container_spec *spec)
{
	vec_foreach (m, &old->mounts) {
		struct mount_spec *to = NULL;

		if (!streq(m->type, "volume") || !is_anonymous(m->name))
			continue;
		vec_foreach (have, &spec->mounts)
			if (streq(have->target, m->target))
				to = have;
		if (!to) {
			to = vec_add(&spec->mounts);
			to->type = MOUNT_VOLUME;
			to->target = xstrdup(m->target);
			to->read_only = m->read_only;
		}
		if (to->type == MOUNT_VOLUME && !to->source)
			to->source = xstrdup(m->name);
	}
}

static int create(struct job *j, struct task **ret, struct error *err)
{
	struct engine *e = j->run->opt.engine;
	const struct step *s = j->step;
	const char *image = image_known(j);
	struct container_spec spec = { 0 };

	if (!image)
		return error_set(err, ERR_NOT_FOUND, "%s: its image %s is not there", s->name,
				 s->service->image);
	service_replica(j->run->plan->model, s->service, s->number, image, &spec);
	if (s->old && !s->volumes)
		inherit_volumes(s->old, &spec);
	*ret = e->ops->container_create(e, &spec, j->id);
	container_spec_done(&spec);
	return 0;
}

static int next_create(struct job *j, struct task **ret, enum step_state *ret_state,
		       struct error *err)
{
	if (j->phase == 0 && !image_known(j)) {
		*ret = ask_image(j);
		return 0;
	}
	if (j->phase == 0)
		j->phase = 1;
	if (j->phase == 1)
		return create(j, ret, err);
	j->step->id = arena_strdup(j->run->plan->arena, j->id);
	return 0;
}

static bool image_is_the_same(struct job *j)
{
	const char *was = strmap_get(&j->step->old->labels, LABEL_IMAGE), *is = image_known(j);

	return was && is && streq(was, is);
}

/* 0 ask for the image, 1 stop the old one, 2 give it a spare name, 3 make the new one, 4 remove the
 * old one. Once the old one has lost its name the user's interrupt waits for the end. */
static int next_recreate(struct job *j, struct task **ret, enum step_state *ret_state,
			 struct error *err)
{
	struct engine *e = j->run->opt.engine;
	struct step *s = j->step;
	autofree char *spare = container_spare_name(s->old);

	if (j->phase == 0 && image_known(j))
		j->phase = 1;
	switch (j->phase) {
	case 0:
		*ret = ask_image(j);
		return 0;
	case 1:
		if (s->if_image_changed && image_is_the_same(j)) {
			*ret_state = STEP_UNCHANGED;
			return 0;
		}
		*ret = e->ops->container_stop(e, s->old->id, s->timeout, false);
		return 0;
	case 2:
		if (j->run->task.cancelled)
			return error_set(err, ERR_CANCELLED, "interrupted");
		j->last = true;
		if (streq(s->old->name, spare)) {
			j->phase = 3;
			return create(j, ret, err);
		}
		*ret = e->ops->container_rename(e, s->old->id, spare);
		return 0;
	case 3:
		return create(j, ret, err);
	case 4:
		s->id = arena_strdup(j->run->plan->arena, j->id);
		*ret = e->ops->container_remove(e, s->old->id, true, s->volumes);
		return 0;
	default:
		return 0;
	}
}

/* The container that a start means: one that was there, or the one that the step before it made. */
static const char *container_of_step(const struct step *s)
{
	if (s->id)
		return s->id;
	vec_foreach (n, &s->needs)
		if ((n->step->kind == STEP_CONTAINER_CREATE ||
		     n->step->kind == STEP_CONTAINER_RECREATE) &&
		    n->step->service == s->service && n->step->number == s->number)
			return n->step->id;
	return NULL;
}

static int next_start(struct job *j, struct task **ret, enum step_state *ret_state,
		      struct error *err)
{
	struct engine *e = j->run->opt.engine;
	const char *id = container_of_step(j->step);

	if (!id)
		return error_set(err, ERR_INTERNAL, "%s was not created", j->step->name);
	if (j->phase == 0)
		*ret = e->ops->container_start(e, id);
	return 0;
}

static int next_stop(struct job *j, struct task **ret, enum step_state *ret_state,
		     struct error *err)
{
	struct engine *e = j->run->opt.engine;

	if (j->phase == 0)
		*ret = e->ops->container_stop(e, j->step->id, j->step->timeout,
					      j->step->again);
	return 0;
}

static int next_restart(struct job *j, struct task **ret, enum step_state *ret_state,
			struct error *err)
{
	struct engine *e = j->run->opt.engine;

	if (j->phase == 0)
		*ret = e->ops->container_stop(e, j->step->id, j->step->timeout, true);
	else if (j->phase == 1)
		*ret = e->ops->container_start(e, j->step->id);
	return 0;
}

static int next_kill(struct job *j, struct task **ret, enum step_state *ret_state,
		     struct error *err)
{
	struct engine *e = j->run->opt.engine;

	if (j->phase == 0)
		*ret = e->ops->container_kill(e, j->step->id, j->step->signal);
	return 0;
}

static int next_pause(struct job *j, struct task **ret, enum step_state *ret_state,
		      struct error *err)
{
	if (j->phase == 0)
		*ret = engine_container_pause(j->run->opt.engine, j->step->id);
	return 0;
}

static int next_unpause(struct job *j, struct task **ret, enum step_state *ret_state,
			struct error *err)
{
	if (j->phase == 0)
		*ret = engine_container_unpause(j->run->opt.engine, j->step->id);
	return 0;
}

static int next_remove(struct job *j, struct task **ret, enum step_state *ret_state,
		       struct error *err)
{
	struct engine *e = j->run->opt.engine;

	if (j->phase == 0)
		*ret = e->ops->container_remove(e, j->step->id, j->step->force, j->step->volumes);
	return 0;
}

const struct run_step_ops run_step_ops[STEP_KIND_COUNT_] = {
	[STEP_IMAGE_PULL] = { LANE_IMAGE, next_pull },
	[STEP_IMAGE_BUILD] = { LANE_BUILD, next_build },
	[STEP_IMAGE_PUSH] = { LANE_IMAGE, next_push },
	[STEP_IMAGE_REMOVE] = { LANE_FREE, next_image_remove },
	[STEP_NETWORK_CREATE] = { LANE_FREE, next_network_create },
	[STEP_NETWORK_REMOVE] = { LANE_FREE, next_network_remove },
	[STEP_VOLUME_CREATE] = { LANE_FREE, next_volume_create },
	[STEP_VOLUME_REMOVE] = { LANE_FREE, next_volume_remove },
	[STEP_CONTAINER_CREATE] = { LANE_CONTAINER, next_create },
	[STEP_CONTAINER_RECREATE] = { LANE_CONTAINER, next_recreate },
	[STEP_CONTAINER_START] = { LANE_CONTAINER, next_start },
	[STEP_CONTAINER_STOP] = { LANE_FREE, next_stop },
	[STEP_CONTAINER_RESTART] = { LANE_FREE, next_restart },
	[STEP_CONTAINER_KILL] = { LANE_FREE, next_kill },
	[STEP_CONTAINER_PAUSE] = { LANE_FREE, next_pause },
	[STEP_CONTAINER_UNPAUSE] = { LANE_FREE, next_unpause },
	[STEP_CONTAINER_REMOVE] = { LANE_CONTAINER, next_remove },
	[STEP_WAIT] = { LANE_FREE, run_wait_next },
};

void run_job_release(struct job *j)
{
	task_unref(j->task);
	image_done(&j->image);
	image_config_done(&j->config);
	container_vec_done(&j->containers);
	strv_done(&j->build_tags);
	map_done(&j->build_args);
}
