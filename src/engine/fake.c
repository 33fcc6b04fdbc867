/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fake-private.h"

struct fake *fake_of(struct engine *e)
{
	return container_of(e, struct fake, engine);
}

char *fake_new_id(struct fake *f)
{
	return xprintf("%064x", ++f->next_id);
}

struct task *fake_answer(struct fake *f, int r)
{
	return task_resolved(f->engine.loop, r, NULL);
}

struct task *fake_refuse(struct fake *f, enum err_code code, const char *fmt, ...)
{
	struct error err = ERROR_INIT;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = error_vset(&err, code, fmt, ap);
	va_end(ap);
	return task_resolved(f->engine.loop, r, &err);
}

struct task *fake_begin(struct fake *f, const char *operation, const char *subject)
{
	autofree char *key = xprintf("%s %s", operation, subject);
	autofree char *message = xstrdup0(map_get(&f->failures, key));

	strv_push(&f->log, key);
	if (!message)
		return NULL;
	map_remove(&f->failures, key);
	return fake_refuse(f, ERR_INTERNAL, "%s", message);
}

char *fake_whole_ref(const char *ref)
{
	autoref parsed = { 0 };

	return image_ref_parse(ref, &parsed, NULL) == 0 ? image_ref_text(&parsed) : xstrdup(ref);
}

bool fake_labels_hold(const struct map *have, const struct strv *want)
{
	if (!want)
		return true;
	strv_foreach (w, want) {
		struct str key, value;
		bool has_value = str_cut(str_of(w), '=', &key, &value);
		autofree char *k = str_dup(key);
		const char *v = strmap_get(have, k);

		if (!v || (has_value && !streq(v, value.p)))
			return false;
	}
	return true;
}

static struct task *fake_exec(struct engine *e, const char *id, const struct exec_spec *spec,
			      int *ret_code)
{
	return engine_unsupported(e, "exec");
}

static void fake_free(struct engine *e)
{
	struct fake *f = fake_of(e);

	container_vec_done(&f->containers);
	fake_resources_done(&f->networks);
	fake_resources_done(&f->volumes);
	map_done(&f->images);
	map_done(&f->offers);
	map_done(&f->failures);
	map_done(&f->behaviours);
	vec_done(&f->watches);
	vec_done(&f->waits);
	strv_done(&f->log);
	sd_event_unref(e->loop);
	free(f);
}

static const struct engine_ops fake_ops = {
	.name = "fake",
	.free = fake_free,
	.image_inspect = fake_image_inspect,
	.image_pull = fake_image_pull,
	.image_push = fake_image_push,
	.image_list = fake_image_list,
	.image_remove = fake_image_remove,
	.image_tag = fake_image_tag,
	.network_create = fake_network_create,
	.network_remove = fake_network_remove,
	.network_list = fake_network_list,
	.volume_create = fake_volume_create,
	.volume_remove = fake_volume_remove,
	.volume_list = fake_volume_list,
	.container_create = fake_create,
	.container_start = fake_start,
	.container_stop = fake_stop,
	.container_kill = fake_kill,
	.container_remove = fake_remove,
	.container_rename = fake_rename,
	.container_list = fake_list,
	.container_wait = fake_wait,
	.container_logs = fake_logs,
	.container_exec = fake_exec,
	.container_pause = fake_pause,
	.container_unpause = fake_unpause,
	.watch = fake_watch,
};

int engine_fake_new(sd_event *loop, struct engine **ret, struct error *err)
{
	struct fake *f = xnew(struct fake);

	f->engine.ops = &fake_ops;
	f->engine.loop = sd_event_ref(loop);
	map_init(&f->behaviours, free);
	*ret = &f->engine;
	return 0;
}

/* ---- what tests say ---- */

void fake_add_image(struct engine *e, const char *ref, const char *id)
{
	autofree char *whole = fake_whole_ref(ref);

	strmap_set(&fake_of(e)->images, whole, id);
}

void fake_offer_image(struct engine *e, const char *ref, const char *id)
{
	autofree char *whole = fake_whole_ref(ref);

	strmap_set(&fake_of(e)->offers, whole, id);
}

void fake_fail(struct engine *e, const char *operation, const char *subject, const char *message)
{
	autofree char *key = xprintf("%s %s", operation, subject);

	strmap_set(&fake_of(e)->failures, key, message);
}

void fake_set_health(struct engine *e, const char *name, enum health h)
{
	struct fake *f = fake_of(e);
	struct container_info *c = fake_container(f, name);

	if (!c)
		return;
	c->health = h;
	fake_tell(f, EVENT_HEALTH, c);
}

void fake_exit(struct engine *e, const char *name, int code)
{
	struct fake *f = fake_of(e);
	struct container_info *c = fake_container(f, name);

	if (!c)
		return;
	fake_set_state(f, c, CONTAINER_EXITED, code);
	fake_tell(f, EVENT_DIED, c);
}

void fake_on_start(struct engine *e, const char *service, enum health h, bool exits, int code)
{
	struct fake_behaviour *b = xnew(struct fake_behaviour);

	*b = (struct fake_behaviour){ h, exits, code };
	map_set(&fake_of(e)->behaviours, service, b);
}

const struct strv *fake_log(struct engine *e)
{
	return &fake_of(e)->log;
}

void fake_log_reset(struct engine *e)
{
	strv_done(&fake_of(e)->log);
}
