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
	*ret = (struct build_runner){ .run = run_step, .image = bring_image, .userdata = e };
}
