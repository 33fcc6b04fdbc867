/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that a plan needs to know of the engine, asked at once. */
#include "compose/plan.h"

#include "util/time.h"

struct observe {
	struct task task;
	struct world *world;
	VEC(struct image_query {
		struct observe *o;
		const char *ref;
		struct image image;
		struct image_config config;
	} *)
	images;
	VEC(struct task *) asked;
	unsigned pending;
	struct error err;
};

static void observe_cancel(struct task *t)
{
	struct observe *o = container_of(t, struct observe, task);

	vec_foreach (a, &o->asked)
		task_cancel(*a);
}

static void observe_free(struct task *t)
{
	struct observe *o = container_of(t, struct observe, task);

	vec_foreach (a, &o->asked)
		task_unref(*a);
	vec_done(&o->asked);
	vec_foreach (q, &o->images) {
		image_done(&(*q)->image);
		image_config_done(&(*q)->config);
		free(*q);
	}
	vec_done(&o->images);
	free(o);
}

static const struct task_ops observe_ops = { "observe", observe_cancel, observe_free };

static void one_done(struct observe *o, struct task *t, int r)
{
	if (r < 0 && !o->err.code)
		o->err = t->err;
	if (--o->pending == 0)
		task_end_with(&o->task, o->err.code ? -(int)o->err.code : 0, &o->err);
}

static void list_done(struct task *t, int r, void *userdata)
{
	one_done(userdata, t, r);
}

static void image_answer(struct task *t, int r, void *userdata)
{
	struct image_query *q = userdata;

	if (r >= 0)
		strmap_set(&q->o->world->images, q->ref, r > 0 ? q->image.id : NULL);
	if (r > 0) {
		int64_t *added = xnew(int64_t);

		*added = q->image.added;
		map_set(&q->o->world->pulled, q->ref, added);
	}
	one_done(q->o, t, r);
}

static void ask(struct observe *o, struct task *t, task_done_fn done, void *userdata)
{
	*vec_add(&o->asked) = t;
	o->pending++;
	task_on_done(t, done, userdata);
}

static void ask_image(struct observe *o, struct engine *e, const char *ref)
{
	struct image_query *q = xnew(struct image_query);

	*vec_add(&o->images) = q;
	q->o = o;
	q->ref = ref;
	ask(o, e->ops->image_inspect(e, ref, &q->image, &q->config), image_answer, q);
}

struct task *world_observe(struct engine *e, const char *project, const struct model *m,
			   struct world *ret)
{
	struct observe *o = xnew(struct observe);
	autostrv labels = { 0 }, all = { 0 };
	automap refs = { 0 };

	task_init(&o->task, &observe_ops, e->loop);
	o->world = ret;
	*ret = (struct world){ .now = time_now() };
	map_init(&ret->pulled, free);
	strv_pushf(&labels, "%s=%s", LABEL_PROJECT, project);
	ask(o, e->ops->container_list(e, &labels, &ret->containers), list_done, o);
	ask(o, e->ops->network_list(e, &all, &ret->networks), list_done, o);
	ask(o, e->ops->volume_list(e, &all, &ret->volumes), list_done, o);
	for (size_t i = 0; m && i < m->services.n; i++)
		map_set(&refs, m->services.v[i].image, (void *)m->services.v[i].image);
	map_foreach (ref, &refs)
		ask_image(o, e, ref->value);
	return &o->task;
}

void world_done(struct world *w)
{
	container_vec_done(&w->containers);
	network_vec_done(&w->networks);
	volume_vec_done(&w->volumes);
	map_done(&w->images);
	map_done(&w->pulled);
}
