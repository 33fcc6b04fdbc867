/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/image.h"

#include "registry/transfer.h"

static struct task *resolved(struct engine *e, int r, const struct error *err)
{
	return task_resolved(e->loop, r, err);
}

struct task *local_image_inspect(struct engine *e, const char *name, struct image *ret,
				 struct image_config *ret_config)
{
	struct local *l = local_of(e);
	struct error err = ERROR_INIT;
	struct image im = { 0 };
	int r = store_image_find(l->store, name, &im, &err);

	if (r > 0 && ret_config && store_image_config(l->store, im.id, ret_config, &err) < 0) {
		image_done(&im);
		r = -(int)err.code;
	}
	if (r > 0 && ret)
		*ret = im;
	else if (r > 0)
		image_done(&im);
	return resolved(e, r, &err);
}

static int open_registry(struct local *l, struct error *err)
{
	int r = l->registry ? 0 : registry_new(l->engine.loop, l->store, &l->registry, err);

	if (r == 0)
		l->registry_free = registry_free;
	return r;
}

struct task *local_image_pull(struct engine *e, const char *ref, const char *platform,
			      const struct engine_progress *p, struct image *ret)
{
	struct local *l = local_of(e);
	struct pull_options opt = { .progress = p ? p->fn : NULL,
				    .userdata = p ? p->userdata : NULL };
	struct error err = ERROR_INIT;
	struct platform want;
	int r = open_registry(l, &err);

	if (r == 0 && platform && *platform) {
		r = platform_parse(platform, &want, &err);
		opt.platform = &want;
	}
	return r < 0 ? resolved(e, r, &err) : registry_pull(l->registry, ref, &opt, ret);
}

struct task *local_image_push(struct engine *e, const char *ref, const struct engine_progress *p,
			      char ret_digest[DIGEST_MAX])
{
	struct local *l = local_of(e);
	struct push_options opt = { .progress = p ? p->fn : NULL,
				    .userdata = p ? p->userdata : NULL };
	struct error err = ERROR_INIT;
	int r = open_registry(l, &err);

	return r < 0 ? resolved(e, r, &err)
		     : registry_push(l->registry, ref, ref, &opt, ret_digest);
}

struct task *local_image_list(struct engine *e, image_vec *ret)
{
	struct error err = ERROR_INIT;

	return resolved(e, store_image_list(local_of(e)->store, ret, &err), &err);
}

struct task *local_image_remove(struct engine *e, const char *name, bool force)
{
	autostrv untagged = { 0 }, deleted = { 0 };
	struct error err = ERROR_INIT;
	int r = store_image_remove(local_of(e)->store, name, force, &untagged, &deleted, &err);

	return resolved(e, r, &err);
}

struct task *local_image_tag(struct engine *e, const char *name, const char *ref)
{
	struct store *s = local_of(e)->store;
	struct error err = ERROR_INIT;
	struct image im = { 0 };
	autoref parsed = { 0 };
	int r = store_image_find(s, name, &im, &err);

	if (r == 0)
		r = error_set(&err, ERR_NOT_FOUND, "no such image: %s", name);
	if (r > 0)
		r = image_ref_parse(ref, &parsed, &err);
	if (r == 0) {
		free(im.ref);
		im.ref = image_ref_text(&parsed);
		r = store_image_tag(s, &im, &err);
	}
	image_done(&im);
	return resolved(e, r, &err);
}

struct load {
	struct task task;
	struct task *inner;
	struct strv names;
};

static void load_cancel(struct task *t)
{
	task_cancel(container_of(t, struct load, task)->inner);
}

static void load_free(struct task *t)
{
	struct load *l = container_of(t, struct load, task);

	task_unref(l->inner);
	strv_done(&l->names);
	free(l);
}

static const struct task_ops load_ops = { "load", load_cancel, load_free };

static void load_done(struct task *inner, int r, void *userdata)
{
	struct load *l = userdata;

	task_end_with(&l->task, r, &inner->err);
}

struct task *local_image_load(struct engine *e, int tar_fd)
{
	struct load *l = xnew(struct load);

	task_init(&l->task, &load_ops, e->loop);
	l->inner = store_load(local_of(e)->store, e->loop, tar_fd, &l->names);
	task_on_done(l->inner, load_done, l);
	return &l->task;
}
