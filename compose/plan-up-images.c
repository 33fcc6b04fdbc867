/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which images `up` pulls and builds. What has both a name and a build is pulled first, and built
 * when that brings nothing, as the specification says of pull_policy: missing.
 */
#include "compose/plan-up.h"

static bool is_named(const struct service *s)
{
	return node_get(s->node, "image") != NULL;
}

static bool is_old(const struct up *u, const struct service *s)
{
	const int64_t *came = map_get(&u->w->pulled, s->image);

	return !came || u->w->now - *came >= s->pull_every;
}

/* NULL: it is not pulled. */
static const char *why_pull(const struct up *u, const struct service *s, bool there)
{
	const char *policy = u->opt->pull;

	if (!is_named(s))
		return NULL;
	if (policy && streq(policy, "always"))
		return "--pull always";
	if (policy && (streq(policy, "never") || streq(policy, "build")))
		return NULL;
	if (policy)
		return there ? NULL : "it is not there";
	switch (s->pull_policy) {
	case PULL_ALWAYS:
		return "pull_policy: always";
	case PULL_NEVER:
	case PULL_BUILD:
		return NULL;
	case PULL_EVERY:
		if (there && is_old(u, s))
			return "pull_policy: it is time to look for a newer one";
		break;
	case PULL_MISSING:
		break;
	}
	return there ? NULL : "it is not there";
}

static const char *why_build(const struct up *u, const struct service *s)
{
	if (u->opt->build)
		return "--build";
	if (u->opt->pull)
		return streq(u->opt->pull, "build") ? "--pull build" : NULL;
	return s->pull_policy == PULL_BUILD ? "pull_policy: build" : NULL;
}

static struct step *image_step(struct up *u, const struct service *s);

/* A build that takes another service's image comes after that one's. */
static struct step *build_step(struct up *u, const struct service *s, const char *why)
{
	struct step *step = plan_step(u->plan, STEP_IMAGE_BUILD, s->image, why);
	autostrv bases = { 0 };

	step->service = s;
	map_set(&u->images, s->image, step);
	service_build_bases(u->m, s, &bases);
	strv_foreach (base, &bases)
		step_needs(step, image_step(u, model_service(u->m, base)));
	return step;
}

static struct step *pull_step(struct up *u, const struct service *s, const char *why)
{
	struct step *step = plan_step(u->plan, STEP_IMAGE_PULL, s->image, why);

	step->service = s;
	map_set(&u->images, s->image, step);
	return step;
}

/* The step that brings a service's image, NULL when it is here. Services of one image share it, and
 * one that has a build makes it for those that have none. */
static struct step *image_step(struct up *u, const struct service *s)
{
	bool there = map_get(&u->w->images, s->image) != NULL;
	const struct service *builder = s->build ? s : model_service_that_builds(u->m, s->image);
	struct step *step = map_get(&u->images, s->image), *pull = NULL;
	const char *why;

	if (step)
		return step;
	if (builder && builder != s && up_service(u, builder->name))
		return image_step(u, builder);
	if (u->opt->no_build)
		builder = NULL;
	why = builder == s ? why_build(u, s) : NULL;
	if (why)
		return build_step(u, s, why);
	why = why_pull(u, s, there);
	if (why)
		step = pull = pull_step(u, s, why);
	if (!builder || there)
		return step;
	step = build_step(u, builder, "its image is not there");
	step->if_image_missing = pull != NULL;
	step_needs(step, pull);
	if (pull)
		pull->skip_if_fails = true;
	return step;
}

void up_plan_images(struct up *u)
{
	vec_foreach (us, &u->services)
		if (up_scale(u, us->s) || up_prepares(u, us->s))
			us->image = image_step(u, us->s);
}

int up_check_images(const struct up *u, struct error *err)
{
	vec_foreach (us, &u->services)
		if (!us->image && !map_get(&u->w->images, us->s->image) &&
		    (up_scale(u, us->s) || up_prepares(u, us->s)))
			return error_set(err, ERR_NOT_FOUND,
					 "image %s of service %s is not there, and may not be %s",
					 us->s->image, us->s->name,
					 us->s->build ? "built (--no-build)"
						      : "pulled (pull policy: never)");
	return 0;
}
