/* SPDX-License-Identifier: Apache-2.0 */
/* The images that stages begin from: each is asked for once, however many take from it. */
#include "builder/solve.h"

#include "builder/set.h"
#include "registry/transfer.h"

#include <string.h>

void base_free(struct base *base)
{
	task_unref(base->task);
	image_done(&base->image);
	image_config_done(&base->config);
	rootfs_done(&base->rootfs);
	layout_free(base->layout);
	free(base->ref);
	free(base->platform);
	free(base);
}

static int base_take(struct base *base, struct error *err)
{
	struct store *s = base->build->store;
	int r = store_image_config(s, base->image.id, &base->config, err);

	if (r < 0)
		return error_wrap(err, "%s", base->ref);
	strv_foreach (id, &base->config.diff_ids) {
		if (!store_layer_has(s, id))
			return error_set(err, ERR_CORRUPT, "%s: its layer %s is not in the store",
					 base->ref, id);
		rootfs_push(&base->rootfs, s, id);
	}
	base->done = true;
	return 0;
}

static void base_done(struct task *t, int r, void *userdata)
{
	struct base *base = userdata;
	struct build *b = base->build;
	struct error err = t->err;

	if (r >= 0 && !b->failed)
		r = base_take(base, &err);
	base->task = task_unref(base->task);
	slots_give(b->set->slots);
	if (r < 0) {
		if (!strstr(err.msg, base->ref))
			error_wrap(&err, "%s", base->ref);
		build_fail(b, &err);
	}
	build_kick(b);
}

static struct task *failed(struct build *b, const struct error *err)
{
	return task_resolved(b->task.loop, -(int)err->code, err);
}

/* The name stays with the image that has it. */
static struct task *pull_beside(struct base *base, const struct platform *p)
{
	const struct pull_options opt = { .platform = p, .nameless = true };
	struct build *b = base->build;
	struct registry *reg;
	struct error err = ERROR_INIT;

	if (set_registry(b->set, &reg, &err) < 0)
		return failed(b, &err);
	return registry_pull(reg, base->ref, &opt, &base->image);
}

/* An image of another platform has no name of its own where there is one of this machine's. 1: it
 * is here; 0: *ret brings it, or NULL: nothing is known of the name. */
static int foreign(struct base *base, const struct platform *p, struct task **ret,
		   struct error *err)
{
	struct build *b = base->build;
	struct image im = { 0 };
	int r = b->opt->pull && !base->built
			? 0
			: store_image_member(b->store, base->ref, p, &base->image, err);

	if (r)
		return r;
	r = store_image_find(b->store, base->ref, &im, err);
	if (r > 0 && im.ref && im.platform && !streq(im.platform, base->platform))
		*ret = pull_beside(base, p);
	image_done(&im);
	return MIN(r, 0);
}

static bool is_native(const struct platform *p)
{
	struct platform native;

	platform_native(&native);
	return platform_match(&native, p);
}

/* 1: it is here. */
static int bring(struct base *base, struct error *err)
{
	struct build *b = base->build;
	struct platform p;
	int r = 0;

	if (starts_with(base->ref, LAYOUT_PREFIX))
		return layout_bring(base, err);
	if (base->platform)
		r = platform_parse(base->platform, &p, err);
	if (!r && base->platform && !is_native(&p))
		r = foreign(base, &p, &base->task, err);
	if (r || base->task)
		return r;
	if (!b->runner || !b->runner->image)
		return error_set(err, ERR_UNSUPPORTED,
				 "%s: there is nothing here that gives images", base->ref);
	base->task = b->runner->image(b->runner->userdata, base->ref, base->platform,
				      b->opt->pull && !base->built, &base->image);
	return 0;
}

/* As build_base(). Without a slot the stage comes again. */
static int base_begin(struct base *base, struct error *err)
{
	struct slots *slots = base->build->set->slots;
	int r;

	if (!slots_take(slots, &base->build->slot))
		return 0;
	r = bring(base, err);
	if (r > 0 && base_take(base, err) < 0)
		r = -(int)err->code;
	if (base->task)
		task_on_done(base->task, base_done, base);
	else
		slots_give(slots);
	return r < 0 ? r : base->done;
}

int build_base(struct build *b, const char *ref, const char *platform, struct base **ret,
	       struct error *err)
{
	const char *built = skip_prefix(ref, BUILD_BUILT_IMAGE);
	struct base *base;
	int r;

	ref = built ? built : ref;
	vec_foreach (p, &b->bases) {
		if (!streq((*p)->ref, ref) || !streq0((*p)->platform, platform))
			continue;
		*ret = *p;
		return (*p)->done || (*p)->task ? (*p)->done : base_begin(*p, err);
	}
	base = xnew(struct base);
	base->build = b;
	base->ref = xstrdup(ref);
	base->platform = xstrdup0(platform);
	base->built = built;
	*vec_add(&b->bases) = base;
	r = base_begin(base, err);
	if (r < 0)
		return r;
	*ret = base;
	return r;
}
