/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fake.h"

#include "event/loop.h"
#include "util/time.h"

#include <signal.h>
#include <stdio.h>

struct behaviour {
	enum health health;
	bool exits;
	int code;
};

struct watcher {
	struct task task;
	struct fake *fake;
	struct strv labels;
	engine_event_fn fn;
	void *userdata;
};

struct waiter {
	struct task task;
	struct fake *fake;
	char *id;
	int *ret_code;
};

struct fake {
	struct engine engine;
	container_vec containers;
	network_vec networks;
	volume_vec volumes;
	struct map images, offers; /* whole reference -> id */
	struct map failures;	   /* "operation subject" -> message */
	struct map behaviours;	   /* service -> struct behaviour */
	VEC(struct watcher *) watchers;
	VEC(struct waiter *) waiters;
	struct strv log;
	unsigned next_id;
};

static struct fake *fake_of(struct engine *e)
{
	return container_of(e, struct fake, engine);
}

static struct task *answer(struct fake *f, int r, const struct error *err)
{
	return task_resolved(f->engine.loop, r, err);
}

static struct task *refuse(struct fake *f, enum err_code code, const char *fmt, ...)
	printf_like(3, 4);
static struct task *refuse(struct fake *f, enum err_code code, const char *fmt, ...)
{
	struct error err = ERROR_INIT;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = error_vset(&err, code, fmt, ap);
	va_end(ap);
	return answer(f, r, &err);
}

/* Notes the operation; a task when a test wants it to fail. */
static struct task *begin(struct fake *f, const char *operation, const char *subject)
{
	autofree char *key = xprintf("%s %s", operation, subject);
	autofree char *message = xstrdup0(map_get(&f->failures, key));

	strv_push(&f->log, key);
	if (!message)
		return NULL;
	map_remove(&f->failures, key);
	return refuse(f, ERR_INTERNAL, "%s", message);
}

static char *whole_ref(const char *ref)
{
	autoref parsed = { 0 };

	return image_ref_parse(ref, &parsed, NULL) == 0 ? image_ref_text(&parsed) : xstrdup(ref);
}

static bool labels_hold(const struct map *have, const struct strv *want)
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

static struct container_info *find_container(struct fake *f, const char *id)
{
	vec_foreach (c, &f->containers)
		if (streq(c->id, id) || streq(c->name, id))
			return c;
	return NULL;
}

/* ---- events ---- */

static void tell(struct fake *f, enum engine_event_type type, const struct container_info *c)
{
	const struct engine_event ev = { .type = type, .time = time_now(), .container = c };

	for (size_t i = 0; i < f->watchers.n; i++) {
		struct watcher *w = f->watchers.v[i];

		if (!w->task.ended && labels_hold(&c->labels, &w->labels))
			w->fn(w->userdata, &ev);
	}
}

static void set_state(struct fake *f, struct container_info *c, enum container_state state,
		      int code)
{
	c->state = state;
	c->exit_code = code;
	if (state == CONTAINER_RUNNING)
		c->started = time_now();
	if (state != CONTAINER_EXITED)
		return;
	c->finished = time_now();
	for (size_t i = 0; i < f->waiters.n; i++) {
		struct waiter *w = f->waiters.v[i];

		if (!w->task.ended && streq(w->id, c->id)) {
			*w->ret_code = code;
			task_end(&w->task, 0);
		}
	}
}

static void watcher_free(struct task *t)
{
	struct watcher *w = container_of(t, struct watcher, task);

	for (size_t i = 0; i < w->fake->watchers.n; i++)
		if (w->fake->watchers.v[i] == w) {
			vec_remove(&w->fake->watchers, i);
			break;
		}
	strv_done(&w->labels);
	free(w);
}

static void end_cancelled(struct task *t)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERR_CANCELLED, "cancelled");
	task_fail(t, &err);
}

static const struct task_ops watcher_ops = { "watch", end_cancelled, watcher_free };

static struct task *fake_watch(struct engine *e, const struct strv *labels, engine_event_fn fn,
			       void *userdata)
{
	struct watcher *w = xnew(struct watcher);

	task_init(&w->task, &watcher_ops, e->loop);
	w->fake = fake_of(e);
	w->fn = fn;
	w->userdata = userdata;
	strv_extend(&w->labels, labels);
	*vec_add(&w->fake->watchers) = w;
	return &w->task;
}

static void waiter_free(struct task *t)
{
	struct waiter *w = container_of(t, struct waiter, task);

	for (size_t i = 0; i < w->fake->waiters.n; i++)
		if (w->fake->waiters.v[i] == w) {
			vec_remove(&w->fake->waiters, i);
			break;
		}
	free(w->id);
	free(w);
}

static const struct task_ops waiter_ops = { "wait", end_cancelled, waiter_free };

static struct task *fake_wait(struct engine *e, const char *id, int *ret_code)
{
	struct fake *f = fake_of(e);
	struct container_info *c = find_container(f, id);
	struct waiter *w;

	if (!c)
		return refuse(f, ERR_NOT_FOUND, "no such container: %s", id);
	w = xnew(struct waiter);
	task_init(&w->task, &waiter_ops, e->loop);
	w->fake = f;
	w->id = xstrdup(c->id);
	w->ret_code = ret_code;
	*vec_add(&f->waiters) = w;
	if (c->state != CONTAINER_RUNNING && c->state != CONTAINER_PAUSED) {
		*ret_code = c->exit_code;
		task_end(&w->task, 0);
	}
	return &w->task;
}

/* ---- images ---- */

static struct task *fake_image_inspect(struct engine *e, const char *name, struct image *ret,
				       struct image_config *ret_config)
{
	struct fake *f = fake_of(e);
	autofree char *ref = whole_ref(name);
	const char *id = map_get(&f->images, ref);

	map_foreach (i, &f->images)
		if (!id && streq(i->value, name))
			id = i->value;
	if (!id)
		return answer(f, 0, NULL);
	*ret = (struct image){ .ref = xstrdup(ref),
			       .id = xstrdup(id),
			       .platform = xstrdup("linux/amd64") };
	if (ret_config)
		*ret_config = (struct image_config){ .os = xstrdup("linux"),
						     .architecture = xstrdup("amd64") };
	return answer(f, 1, NULL);
}

static struct task *fake_image_pull(struct engine *e, const char *name, const char *platform,
				    const struct engine_progress *p, struct image *ret)
{
	struct fake *f = fake_of(e);
	autofree char *ref = whole_ref(name);
	const char *offer = map_get(&f->offers, ref), *had = map_get(&f->images, ref);
	struct task *failed = begin(f, "image_pull", name);
	bool same = had && offer && streq(had, offer);

	if (failed)
		return failed;
	if (!offer)
		return refuse(f, ERR_NOT_FOUND, "%s: not found", name);
	strmap_set(&f->images, ref, offer);
	*ret = (struct image){ .ref = xstrdup(ref), .id = xstrdup(offer) };
	return answer(f, same, NULL);
}

static struct task *fake_image_push(struct engine *e, const char *name,
				    const struct engine_progress *p, char ret_digest[DIGEST_MAX])
{
	struct fake *f = fake_of(e);
	autofree char *ref = whole_ref(name);
	struct task *failed = begin(f, "image_push", name);

	if (failed)
		return failed;
	if (!map_get(&f->images, ref))
		return refuse(f, ERR_NOT_FOUND, "no such image: %s", name);
	hash_digest(ref, strlen(ref), ret_digest);
	return answer(f, 0, NULL);
}

static struct task *fake_image_list(struct engine *e, image_vec *ret)
{
	struct fake *f = fake_of(e);

	map_foreach (i, &f->images)
		*vec_add(ret) = (struct image){ .ref = xstrdup(i->key), .id = xstrdup(i->value) };
	return answer(f, 0, NULL);
}

static struct task *fake_image_remove(struct engine *e, const char *name, bool force)
{
	struct fake *f = fake_of(e);
	autofree char *ref = whole_ref(name);
	struct task *failed = begin(f, "image_remove", name);

	if (failed)
		return failed;
	if (!map_remove(&f->images, ref))
		return refuse(f, ERR_NOT_FOUND, "no such image: %s", name);
	return answer(f, 0, NULL);
}

static struct task *fake_image_tag(struct engine *e, const char *name, const char *to)
{
	struct fake *f = fake_of(e);
	autofree char *ref = whole_ref(name), *new_ref = whole_ref(to);
	autofree char *id = xstrdup0(map_get(&f->images, ref));

	if (!id)
		return refuse(f, ERR_NOT_FOUND, "no such image: %s", name);
	strmap_set(&f->images, new_ref, id);
	return answer(f, 0, NULL);
}

/* ---- networks, volumes ---- */

static struct network_info *find_network(struct fake *f, const char *name)
{
	vec_foreach (n, &f->networks)
		if (streq(n->name, name))
			return n;
	return NULL;
}

static struct task *fake_network_create(struct engine *e, const struct network_spec *spec)
{
	struct fake *f = fake_of(e);
	struct task *failed = begin(f, "network_create", spec->name);
	struct network_info *n;

	if (failed)
		return failed;
	if (find_network(f, spec->name))
		return refuse(f, ERR_EXISTS, "network %s is there already", spec->name);
	n = vec_add(&f->networks);
	n->id = xprintf("%064x", ++f->next_id);
	n->name = xstrdup(spec->name);
	n->driver = xstrdup(spec->driver ? spec->driver : "bridge");
	n->internal = spec->internal;
	n->created = time_now();
	strmap_copy(&n->labels, &spec->labels);
	return answer(f, 0, NULL);
}

static struct task *fake_network_remove(struct engine *e, const char *name)
{
	struct fake *f = fake_of(e);
	struct task *failed = begin(f, "network_remove", name);
	struct network_info *n = find_network(f, name);
	network_vec gone = { 0 };

	if (failed)
		return failed;
	if (!n)
		return refuse(f, ERR_NOT_FOUND, "no such network: %s", name);
	vec_foreach (c, &f->containers)
		vec_foreach (a, &c->networks)
			if (streq(a->network, name) && c->state == CONTAINER_RUNNING)
				return refuse(f, ERR_CONFLICT,
					      "network %s is in use by container %s", name,
					      c->name);
	*vec_add(&gone) = *n;
	vec_remove(&f->networks, n - f->networks.v);
	network_vec_done(&gone);
	return answer(f, 0, NULL);
}

static struct task *fake_network_list(struct engine *e, const struct strv *labels, network_vec *ret)
{
	struct fake *f = fake_of(e);

	vec_foreach (n, &f->networks) {
		struct network_info *out;

		if (!labels_hold(&n->labels, labels))
			continue;
		out = vec_add(ret);
		out->id = xstrdup(n->id);
		out->name = xstrdup(n->name);
		out->driver = xstrdup(n->driver);
		out->created = n->created;
		strmap_copy(&out->labels, &n->labels);
	}
	return answer(f, 0, NULL);
}

static struct volume_info *find_volume(struct fake *f, const char *name)
{
	vec_foreach (v, &f->volumes)
		if (streq(v->name, name))
			return v;
	return NULL;
}

static struct task *fake_volume_create(struct engine *e, const struct volume_spec *spec)
{
	struct fake *f = fake_of(e);
	struct task *failed = begin(f, "volume_create", spec->name);
	struct volume_info *v;

	if (failed)
		return failed;
	if (find_volume(f, spec->name))
		return refuse(f, ERR_EXISTS, "volume %s is there already", spec->name);
	v = vec_add(&f->volumes);
	v->name = xstrdup(spec->name);
	v->driver = xstrdup(spec->driver ? spec->driver : "local");
	v->created = time_now();
	strmap_copy(&v->labels, &spec->labels);
	return answer(f, 0, NULL);
}

static struct task *fake_volume_remove(struct engine *e, const char *name)
{
	struct fake *f = fake_of(e);
	struct task *failed = begin(f, "volume_remove", name);
	struct volume_info *v = find_volume(f, name);
	volume_vec gone = { 0 };

	if (failed)
		return failed;
	if (!v)
		return refuse(f, ERR_NOT_FOUND, "no such volume: %s", name);
	vec_foreach (c, &f->containers)
		vec_foreach (m, &c->mounts)
			if (streq0(m->name, name))
				return refuse(f, ERR_CONFLICT,
					      "volume %s is in use by container %s", name, c->name);
	*vec_add(&gone) = *v;
	vec_remove(&f->volumes, v - f->volumes.v);
	volume_vec_done(&gone);
	return answer(f, 0, NULL);
}

static struct task *fake_volume_list(struct engine *e, const struct strv *labels, volume_vec *ret)
{
	struct fake *f = fake_of(e);

	vec_foreach (v, &f->volumes) {
		struct volume_info *out;

		if (!labels_hold(&v->labels, labels))
			continue;
		out = vec_add(ret);
		out->name = xstrdup(v->name);
		out->driver = xstrdup(v->driver);
		out->created = v->created;
		strmap_copy(&out->labels, &v->labels);
	}
	return answer(f, 0, NULL);
}

/* ---- containers ---- */

static void record_mounts(struct fake *f, const struct container_spec *spec,
			  struct container_info *c)
{
	vec_foreach (m, &spec->mounts) {
		struct container_mount *out = vec_add(&c->mounts);

		out->type = xstrdup(m->type == MOUNT_VOLUME ? "volume"
				    : m->type == MOUNT_BIND ? "bind"
							    : "tmpfs");
		out->target = xstrdup(m->target);
		out->read_only = m->read_only;
		if (m->type == MOUNT_VOLUME)
			out->name = m->source ? xstrdup(m->source) : xprintf("%064x", ++f->next_id);
		else
			out->source = xstrdup0(m->source);
	}
}

static struct task *fake_create(struct engine *e, const struct container_spec *spec,
				char ret_id[65])
{
	struct fake *f = fake_of(e);
	struct task *failed = begin(f, "container_create", spec->name);
	struct container_info *c;

	if (failed)
		return failed;
	if (find_container(f, spec->name))
		return refuse(f, ERR_EXISTS, "the name %s is taken", spec->name);
	vec_foreach (a, &spec->networks)
		if (!find_network(f, a->network))
			return refuse(f, ERR_NOT_FOUND, "no such network: %s", a->network);
	vec_foreach (m, &spec->mounts)
		if (m->type == MOUNT_VOLUME && m->source && strlen(m->source) != 64 &&
		    !find_volume(f, m->source))
			return refuse(f, ERR_NOT_FOUND, "no such volume: %s", m->source);
	c = vec_add(&f->containers);
	c->id = xprintf("%064x", ++f->next_id);
	c->name = xstrdup(spec->name);
	c->image = xstrdup0(spec->image);
	c->image_id = xstrdup0(spec->image_id);
	c->created = time_now();
	strmap_copy(&c->labels, &spec->labels);
	record_mounts(f, spec, c);
	vec_foreach (a, &spec->networks) {
		struct container_network *n = vec_add(&c->networks);

		n->network = xstrdup(a->network);
		strv_extend(&n->aliases, &a->aliases);
	}
	snprintf(ret_id, 65, "%s", c->id);
	tell(f, EVENT_CREATED, c);
	return answer(f, 0, NULL);
}

static struct task *fake_start(struct engine *e, const char *id)
{
	struct fake *f = fake_of(e);
	struct container_info *c = find_container(f, id);
	struct task *failed = begin(f, "container_start", c ? c->name : id);
	const struct behaviour *b;

	if (failed)
		return failed;
	if (!c)
		return refuse(f, ERR_NOT_FOUND, "no such container: %s", id);
	if (c->state == CONTAINER_RUNNING)
		return answer(f, 0, NULL);
	set_state(f, c, CONTAINER_RUNNING, 0);
	tell(f, EVENT_STARTED, c);
	b = map_get(&f->behaviours, strmap_get(&c->labels, "com.docker.compose.service")
					    ? strmap_get(&c->labels, "com.docker.compose.service")
					    : "");
	if (b && b->exits)
		fake_exit(e, c->id, b->code);
	else if (b)
		fake_set_health(e, c->id, b->health);
	return answer(f, 0, NULL);
}

static struct task *end_container(struct engine *e, const char *operation, const char *id, int code)
{
	struct fake *f = fake_of(e);
	struct container_info *c = find_container(f, id);
	struct task *failed = begin(f, operation, c ? c->name : id);

	if (failed)
		return failed;
	if (!c)
		return refuse(f, ERR_NOT_FOUND, "no such container: %s", id);
	if (c->state == CONTAINER_RUNNING || c->state == CONTAINER_PAUSED) {
		set_state(f, c, CONTAINER_EXITED, code);
		tell(f, EVENT_DIED, c);
	}
	return answer(f, 0, NULL);
}

static struct task *fake_stop(struct engine *e, const char *id, int64_t timeout)
{
	return end_container(e, "container_stop", id, 128 + SIGTERM);
}

static struct task *fake_kill(struct engine *e, const char *id, const char *sig)
{
	return end_container(e, "container_kill", id, 128 + SIGKILL);
}

static struct task *fake_remove(struct engine *e, const char *id, bool force, bool volumes)
{
	struct fake *f = fake_of(e);
	struct container_info *c = find_container(f, id);
	struct task *failed = begin(f, "container_remove", c ? c->name : id);
	container_vec gone = { 0 };

	if (failed)
		return failed;
	if (!c)
		return refuse(f, ERR_NOT_FOUND, "no such container: %s", id);
	if (c->state == CONTAINER_RUNNING && !force)
		return refuse(f, ERR_CONFLICT, "container %s is running", c->name);
	if (c->state == CONTAINER_RUNNING)
		set_state(f, c, CONTAINER_EXITED, 128 + SIGKILL);
	*vec_add(&gone) = *c;
	vec_remove(&f->containers, c - f->containers.v);
	tell(f, EVENT_REMOVED, &gone.v[0]);
	container_vec_done(&gone);
	return answer(f, 0, NULL);
}

static struct task *fake_rename(struct engine *e, const char *id, const char *name)
{
	struct fake *f = fake_of(e);
	struct container_info *c = find_container(f, id);
	struct task *failed = begin(f, "container_rename", c ? c->name : id);

	if (failed)
		return failed;
	if (!c)
		return refuse(f, ERR_NOT_FOUND, "no such container: %s", id);
	if (find_container(f, name))
		return refuse(f, ERR_EXISTS, "the name %s is taken", name);
	free(c->name);
	c->name = xstrdup(name);
	return answer(f, 0, NULL);
}

static void copy_info(struct container_info *to, const struct container_info *from)
{
	*to = (struct container_info){ .state = from->state,
				       .health = from->health,
				       .exit_code = from->exit_code,
				       .created = from->created,
				       .started = from->started,
				       .finished = from->finished };
	to->id = xstrdup(from->id);
	to->name = xstrdup(from->name);
	to->image = xstrdup0(from->image);
	to->image_id = xstrdup0(from->image_id);
	strmap_copy(&to->labels, &from->labels);
	vec_foreach (m, &from->mounts)
		*vec_add(&to->mounts) = (struct container_mount){
			xstrdup0(m->type), xstrdup0(m->name), xstrdup0(m->source),
			xstrdup0(m->target), m->read_only
		};
	vec_foreach (n, &from->networks) {
		struct container_network *out = vec_add(&to->networks);

		out->network = xstrdup(n->network);
		strv_extend(&out->aliases, &n->aliases);
	}
}

static struct task *fake_list(struct engine *e, const struct strv *labels, container_vec *ret)
{
	struct fake *f = fake_of(e);

	vec_foreach (c, &f->containers)
		if (labels_hold(&c->labels, labels))
			copy_info(vec_add(ret), c);
	return answer(f, 0, NULL);
}

static struct task *fake_logs(struct engine *e, const char *id, const struct log_options *opt,
			      log_line_fn fn, void *userdata)
{
	struct fake *f = fake_of(e);

	return find_container(f, id) ? answer(f, 0, NULL)
				     : refuse(f, ERR_NOT_FOUND, "no such container: %s", id);
}

static struct task *fake_exec(struct engine *e, const char *id, const struct exec_spec *spec,
			      int *ret_code)
{
	return engine_unsupported(e, "exec");
}

static struct task *set_paused(struct engine *e, const char *operation, const char *id,
			       enum container_state from, enum container_state to)
{
	struct fake *f = fake_of(e);
	struct container_info *c = find_container(f, id);
	struct task *failed = begin(f, operation, c ? c->name : id);

	if (failed)
		return failed;
	if (!c)
		return refuse(f, ERR_NOT_FOUND, "no such container: %s", id);
	if (c->state != from)
		return refuse(f, ERR_CONFLICT, "container %s is %s", c->name,
			      container_state_name(c->state));
	c->state = to;
	tell(f, to == CONTAINER_PAUSED ? EVENT_PAUSED : EVENT_UNPAUSED, c);
	return answer(f, 0, NULL);
}

static struct task *fake_pause(struct engine *e, const char *id)
{
	return set_paused(e, "container_pause", id, CONTAINER_RUNNING, CONTAINER_PAUSED);
}

static struct task *fake_unpause(struct engine *e, const char *id)
{
	return set_paused(e, "container_unpause", id, CONTAINER_PAUSED, CONTAINER_RUNNING);
}

static void fake_free(struct engine *e)
{
	struct fake *f = fake_of(e);

	container_vec_done(&f->containers);
	network_vec_done(&f->networks);
	volume_vec_done(&f->volumes);
	map_done(&f->images);
	map_done(&f->offers);
	map_done(&f->failures);
	map_done(&f->behaviours);
	vec_done(&f->watchers);
	vec_done(&f->waiters);
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
	autofree char *whole = whole_ref(ref);

	strmap_set(&fake_of(e)->images, whole, id);
}

void fake_offer_image(struct engine *e, const char *ref, const char *id)
{
	autofree char *whole = whole_ref(ref);

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
	struct container_info *c = find_container(f, name);

	if (!c)
		return;
	c->health = h;
	tell(f, EVENT_HEALTH, c);
}

void fake_exit(struct engine *e, const char *name, int code)
{
	struct fake *f = fake_of(e);
	struct container_info *c = find_container(f, name);

	if (!c)
		return;
	set_state(f, c, CONTAINER_EXITED, code);
	tell(f, EVENT_DIED, c);
}

void fake_on_start(struct engine *e, const char *service, enum health h, bool exits, int code)
{
	struct behaviour *b = xnew(struct behaviour);

	*b = (struct behaviour){ h, exits, code };
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
