/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fake-private.h"

#include "engine/fields.h"
#include "util/time.h"

#include <signal.h>
#include <stdio.h>

struct container_info *fake_container(struct fake *f, const char *id)
{
	vec_foreach (c, &f->containers)
		if (streq(c->id, id) || streq(c->name, id))
			return c;
	return NULL;
}

bool fake_container_runs(const struct container_info *c)
{
	return c->state == CONTAINER_RUNNING || c->state == CONTAINER_PAUSED;
}

/* Notes the operation on a container that is there; else the task that says what is wrong. */
static struct task *begin(struct fake *f, const char *operation, const char *id,
			  struct container_info **ret)
{
	struct container_info *c = fake_container(f, id);
	struct task *failed = fake_begin(f, operation, c ? c->name : id);

	if (!failed && !c)
		failed = fake_refuse(f, ERR_NOT_FOUND, "no such container: %s", id);
	*ret = c;
	return failed;
}

static void record_mounts(struct fake *f, const struct container_spec *spec,
			  struct container_info *c)
{
	static const char *const types[] = {
		[MOUNT_BIND] = "bind", [MOUNT_VOLUME] = "volume", [MOUNT_TMPFS] = "tmpfs"
	};

	vec_foreach (m, &spec->mounts) {
		struct container_mount *out = vec_add(&c->mounts);

		out->type = xstrdup(types[m->type]);
		out->target = xstrdup(m->target);
		out->read_only = m->read_only;
		if (m->type == MOUNT_VOLUME)
			out->name = m->source ? xstrdup(m->source) : fake_new_id(f);
		else
			out->source = xstrdup0(m->source);
	}
}

/* Its name is free, and what it names is there (64 digits: an anonymous volume of another). */
static struct task *check_spec(struct fake *f, const struct container_spec *spec)
{
	if (fake_container(f, spec->name))
		return fake_refuse(f, ERR_EXISTS, "the name %s is taken", spec->name);
	vec_foreach (a, &spec->networks)
		if (!fake_network_find(f, a->network))
			return fake_refuse(f, ERR_NOT_FOUND, "no such network: %s", a->network);
	vec_foreach (m, &spec->mounts)
		if (m->type == MOUNT_VOLUME && m->source && strlen(m->source) != 64 &&
		    !fake_volume_find(f, m->source))
			return fake_refuse(f, ERR_NOT_FOUND, "no such volume: %s", m->source);
	return NULL;
}

struct task *fake_create(struct engine *e, const struct container_spec *spec, char ret_id[65])
{
	struct fake *f = fake_of(e);
	struct task *failed = fake_begin(f, "container_create", spec->name);
	struct container_info *c;

	if (failed)
		return failed;
	failed = check_spec(f, spec);
	if (failed)
		return failed;
	c = vec_add(&f->containers);
	c->id = fake_new_id(f);
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
	fake_tell(f, EVENT_CREATED, c);
	return fake_answer(f, 0);
}

/* What a test wants of the containers of its service. */
static void behave(struct engine *e, const struct container_info *c)
{
	const char *service = strmap_get(&c->labels, "com.docker.compose.service");
	const struct fake_behaviour *b = service ? map_get(&fake_of(e)->behaviours, service) : NULL;

	if (b && b->exits)
		fake_exit(e, c->id, b->code);
	else if (b)
		fake_set_health(e, c->id, b->health);
}

struct task *fake_start(struct engine *e, const char *id)
{
	struct fake *f = fake_of(e);
	struct container_info *c;
	struct task *failed = begin(f, "container_start", id, &c);

	if (failed)
		return failed;
	if (c->state == CONTAINER_RUNNING)
		return fake_answer(f, 0);
	fake_set_state(f, c, CONTAINER_RUNNING, 0);
	fake_tell(f, EVENT_STARTED, c);
	behave(e, c);
	return fake_answer(f, 0);
}

static struct task *end_container(struct engine *e, const char *operation, const char *id, int code)
{
	struct fake *f = fake_of(e);
	struct container_info *c;
	struct task *failed = begin(f, operation, id, &c);

	if (failed)
		return failed;
	if (fake_container_runs(c)) {
		fake_set_state(f, c, CONTAINER_EXITED, code);
		fake_tell(f, EVENT_DIED, c);
	}
	return fake_answer(f, 0);
}

struct task *fake_stop(struct engine *e, const char *id, int64_t timeout, bool again)
{
	return end_container(e, "container_stop", id, 128 + SIGTERM);
}

struct task *fake_kill(struct engine *e, const char *id, const char *sig)
{
	return end_container(e, "container_kill", id, 128 + SIGKILL);
}

struct task *fake_remove(struct engine *e, const char *id, bool force, bool volumes)
{
	struct fake *f = fake_of(e);
	struct container_info *c;
	struct task *failed = begin(f, "container_remove", id, &c);
	container_vec gone = { 0 };

	if (failed)
		return failed;
	if (c->state == CONTAINER_RUNNING && !force)
		return fake_refuse(f, ERR_CONFLICT, "container %s is running", c->name);
	if (c->state == CONTAINER_RUNNING)
		fake_set_state(f, c, CONTAINER_EXITED, 128 + SIGKILL);
	*vec_add(&gone) = *c;
	vec_remove(&f->containers, c - f->containers.v);
	fake_tell(f, EVENT_REMOVED, &gone.v[0]);
	container_vec_done(&gone);
	return fake_answer(f, 0);
}

struct task *fake_rename(struct engine *e, const char *id, const char *name)
{
	struct fake *f = fake_of(e);
	struct container_info *c;
	struct task *failed = begin(f, "container_rename", id, &c);

	if (failed)
		return failed;
	if (fake_container(f, name))
		return fake_refuse(f, ERR_EXISTS, "the name %s is taken", name);
	free(c->name);
	c->name = xstrdup(name);
	return fake_answer(f, 0);
}

static void copy_info(struct container_info *to, const struct container_info *from)
{
	autojson *j = json_encode(container_info_fields, from);

	json_decode(j, container_info_fields, to, NULL);
}

struct task *fake_list(struct engine *e, const struct strv *labels, container_vec *ret)
{
	struct fake *f = fake_of(e);

	vec_foreach (c, &f->containers)
		if (fake_labels_hold(&c->labels, labels))
			copy_info(vec_add(ret), c);
	return fake_answer(f, 0);
}

struct task *fake_logs(struct engine *e, const char *id, const struct log_options *opt,
		       log_line_fn fn, void *userdata)
{
	struct fake *f = fake_of(e);

	return fake_container(f, id) ? fake_answer(f, 0)
				     : fake_refuse(f, ERR_NOT_FOUND, "no such container: %s", id);
}

static struct task *set_paused(struct engine *e, const char *operation, const char *id,
			       enum container_state from, enum container_state to)
{
	struct fake *f = fake_of(e);
	struct container_info *c;
	struct task *failed = begin(f, operation, id, &c);

	if (failed)
		return failed;
	if (c->state != from)
		return fake_refuse(f, ERR_CONFLICT, "container %s is %s", c->name,
				   container_state_name(c->state));
	c->state = to;
	fake_tell(f, to == CONTAINER_PAUSED ? EVENT_PAUSED : EVENT_UNPAUSED, c);
	return fake_answer(f, 0);
}

struct task *fake_pause(struct engine *e, const char *id)
{
	return set_paused(e, "container_pause", id, CONTAINER_RUNNING, CONTAINER_PAUSED);
}

struct task *fake_unpause(struct engine *e, const char *id)
{
	return set_paused(e, "container_unpause", id, CONTAINER_PAUSED, CONTAINER_RUNNING);
}
