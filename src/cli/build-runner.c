/* SPDX-License-Identifier: Apache-2.0 */
/* The builder's runner, plugged into an engine: RUN steps are the engine's processes, images its
 * images. */
#include "cli/project.h"

static struct task *run_step(void *userdata, const struct build_step *b, int *ret_code)
{
	struct step_spec s = {
		.layers = b->layers,
		.upper = b->upper,
		.work = b->work,
		.rootfs = b->rootfs,
		.argv = b->argv,
		.env = b->env,
		.working_dir = b->working_dir,
		.user = b->user,
		.network = b->network,
		.extra_hosts = b->extra_hosts,
		.shm_size = b->shm_size,
		.privileged = b->privileged,
		.output = b->output,
		.userdata = b->userdata,
	};
	struct task *t;

	vec_foreach (m, &b->mounts)
		*vec_add(&s.mounts) = (struct step_mount){ m->source, m->target, m->type,
							   m->read_only, m->size };
	vec_foreach (u, &b->ulimits)
		*vec_add(&s.ulimits) = (struct ulimit_spec){ u->name, u->soft, u->hard };
	t = engine_step_run(userdata, &s, ret_code);
	vec_done(&s.mounts);
	vec_done(&s.ulimits);
	return t;
}

struct asking {
	struct task task;
	struct build_isolation *ret;
	struct step_isolation answer;
	struct task *part;
};

static void asking_cancel(struct task *t)
{
	task_cancel(container_of(t, struct asking, task)->part);
}

static void asking_free(struct task *t)
{
	struct asking *a = container_of(t, struct asking, task);

	task_unref(a->part);
	free(a);
}

static const struct task_ops asking_ops = { "isolation", asking_cancel, asking_free };

static void answered(struct task *t, int r, void *userdata)
{
	struct asking *a = userdata;

	if (r >= 0)
		*a->ret = (struct build_isolation){ a->answer.name, a->answer.plain_root,
						    a->answer.plain_binds };
	task_end_with(&a->task, MIN(r, 0), &t->err);
}

static struct task *ask_isolation(void *userdata, struct build_isolation *ret)
{
	struct asking *a = xnew(struct asking);
	struct engine *e = userdata;

	task_init(&a->task, &asking_ops, e->loop);
	a->ret = ret;
	a->part = engine_step_isolation(e, &a->answer);
	task_on_done(a->part, answered, a);
	return &a->task;
}

/* Here already (and no newer one asked for), or pulled. */
struct fetch {
	struct task task;
	struct engine *engine;
	char *ref, *platform;
	struct image *ret;
	struct image_config config;
	struct task *part;
};

static void fetch_cancel(struct task *t)
{
	struct fetch *f = container_of(t, struct fetch, task);

	if (f->part)
		task_cancel(f->part);
}

static void fetch_free(struct task *t)
{
	struct fetch *f = container_of(t, struct fetch, task);

	task_unref(f->part);
	image_config_done(&f->config);
	free(f->ref);
	free(f->platform);
	free(f);
}

static const struct task_ops fetch_ops = { "image", fetch_cancel, fetch_free };

static void pulled(struct task *t, int r, void *userdata)
{
	struct fetch *f = userdata;

	task_end_with(&f->task, r < 0 ? r : 0, &t->err);
}

static void pull(struct fetch *f)
{
	task_unref(f->part);
	f->part = f->engine->ops->image_pull(f->engine, f->ref, f->platform, NULL, f->ret);
	task_on_done(f->part, pulled, f);
}

static void inspected(struct task *t, int r, void *userdata)
{
	struct fetch *f = userdata;

	if (r == 0)
		pull(f);
	else
		task_end_with(&f->task, r < 0 ? r : 0, &t->err);
}

static struct task *bring_image(void *userdata, const char *ref, const char *platform, bool newer,
				struct image *ret)
{
	struct fetch *f = xnew(struct fetch);

	f->engine = userdata;
	task_init(&f->task, &fetch_ops, f->engine->loop);
	f->ref = xstrdup(ref);
	f->platform = xstrdup0(platform);
	f->ret = ret;
	if (newer) {
		pull(f);
	} else {
		f->part = f->engine->ops->image_inspect(f->engine, ref, ret, &f->config);
		task_on_done(f->part, inspected, f);
	}
	return &f->task;
}

void engine_build_runner(struct engine *e, struct build_runner *ret)
{
	*ret = (struct build_runner){
		.isolation = ask_isolation, .run = run_step, .image = bring_image, .userdata = e
	};
}
