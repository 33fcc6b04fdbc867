/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/image.h"
#include "engine/local/local.h"

static struct store *store_of(struct engine *e)
{
	return local_of(e)->store;
}

static struct task *network_create(struct engine *e, const struct network_spec *spec)
{
	return net_create(local_of(e)->net, spec);
}

static struct task *network_remove(struct engine *e, const char *name)
{
	return net_remove(local_of(e)->net, name);
}

static struct task *network_list(struct engine *e, const struct strv *labels, network_vec *ret)
{
	struct error err = ERROR_INIT;
	int r = net_list(local_of(e)->net, labels, ret, &err);

	return task_resolved(e->loop, MIN(r, 0), &err);
}

static const struct engine_ops ops = {
	.name = "local",
	.free = local_free,
	.image_inspect = local_image_inspect,
	.image_pull = local_image_pull,
	.image_push = local_image_push,
	.image_list = local_image_list,
	.image_remove = local_image_remove,
	.image_tag = local_image_tag,
	.image_load = local_image_load,
	.network_create = network_create,
	.network_remove = network_remove,
	.network_list = network_list,
	.volume_create = local_volume_create,
	.volume_remove = local_volume_remove,
	.volume_list = local_volume_list,
	.container_create = local_container_create,
	.container_start = local_container_start,
	.container_stop = local_container_stop,
	.container_kill = local_container_kill,
	.container_remove = local_container_remove,
	.container_rename = local_container_rename,
	.container_list = local_container_list,
	.container_wait = local_container_wait,
	.container_logs = local_container_logs,
	.container_exec = local_container_exec,
	.watch = local_watch,
	.container_pause = local_container_pause,
	.container_unpause = local_container_unpause,
	.container_attach = local_container_attach,
	.container_top = local_container_top,
	.step_run = local_step_run,
	.step_isolation = local_step_isolation,
	.doctor = local_doctor,
	.store = store_of,
	.recover = local_recover,
};

int engine_local_new(sd_event *loop, struct engine **ret, struct error *err)
{
	struct local *l;
	int r = local_new(loop, &ops, &l, err);

	if (r == 0)
		*ret = &l->engine;
	return r;
}
