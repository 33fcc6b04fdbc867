/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include "engine/fields.h"

static const char *const states[] = {
	[CONTAINER_CREATED] = "created",   [CONTAINER_RUNNING] = "running",
	[CONTAINER_PAUSED] = "paused",	   [CONTAINER_RESTARTING] = "restarting",
	[CONTAINER_REMOVING] = "removing", [CONTAINER_EXITED] = "exited",
	[CONTAINER_DEAD] = "dead",
};

static const char *const healths[] = {
	[HEALTH_NONE] = "",
	[HEALTH_STARTING] = "starting",
	[HEALTH_HEALTHY] = "healthy",
	[HEALTH_UNHEALTHY] = "unhealthy",
};

const char *container_state_name(enum container_state s)
{
	return states[s];
}

int container_state_parse(const char *s, enum container_state *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (streq(s, states[i])) {
			*ret = i;
			return 0;
		}
	return -ERR_INVALID;
}

const char *health_name(enum health h)
{
	return healths[h];
}

static void free_contents(struct container_spec *s)
{
	vec_foreach (f, &s->files) {
		free(f->content);
		f->content = NULL;
	}
}

void mount_spec_done(struct mount_spec *m)
{
	free(m->source);
	free(m->target);
	free(m->propagation);
	free(m->volume_subpath);
	*m = (struct mount_spec){ 0 };
}

void container_spec_done(struct container_spec *s)
{
	free_contents(s);
	json_free_fields(container_spec_fields, s);
}

void container_spec_copy(struct container_spec *to, const struct container_spec *from)
{
	autojson *j = json_encode(container_spec_fields, from);

	*to = (struct container_spec){ 0 };
	json_decode(j, container_spec_fields, to, NULL);
	for (size_t i = 0; i < to->files.n && i < from->files.n; i++) {
		const struct file_spec *f = &from->files.v[i];

		if (!f->content)
			continue;
		to->files.v[i].content = xmemdup(f->content, f->n_content);
		to->files.v[i].n_content = f->n_content;
	}
}

void network_spec_done(struct network_spec *s)
{
	json_free_fields(network_spec_fields, s);
}

void volume_spec_done(struct volume_spec *s)
{
	json_free_fields(volume_spec_fields, s);
}

void container_info_done(struct container_info *i)
{
	json_free_fields(container_info_fields, i);
}

void container_vec_done(container_vec *v)
{
	vec_foreach (i, v)
		container_info_done(i);
	vec_done(v);
}

void network_vec_done(network_vec *v)
{
	vec_foreach (i, v)
		json_free_fields(network_info_fields, i);
	vec_done(v);
}

void volume_vec_done(volume_vec *v)
{
	vec_foreach (i, v)
		json_free_fields(volume_info_fields, i);
	vec_done(v);
}

struct engine *engine_free(struct engine *e)
{
	if (e)
		e->ops->free(e);
	return NULL;
}

struct task *engine_unsupported(struct engine *e, const char *what)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERR_UNSUPPORTED, "%s is not supported by the %s engine", what,
		  e->ops->name);
	return task_resolved(e->loop, -(int)err.code, &err);
}

/* A may-operation: the engine's, or the error that says it has none. */
#define MAY(e, op, what, ...) \
	((e)->ops->op ? (e)->ops->op((e), ##__VA_ARGS__) : engine_unsupported((e), what))

struct task *engine_container_pause(struct engine *e, const char *id)
{
	return MAY(e, container_pause, "pause", id);
}

struct task *engine_container_unpause(struct engine *e, const char *id)
{
	return MAY(e, container_unpause, "unpause", id);
}

struct task *engine_container_attach(struct engine *e, const char *id, int in_fd, int out_fd,
				     int err_fd)
{
	return MAY(e, container_attach, "attach", id, in_fd, out_fd, err_fd);
}

struct task *engine_container_top(struct engine *e, const char *id, char **ret_table)
{
	return MAY(e, container_top, "top", id, ret_table);
}

struct task *engine_container_export(struct engine *e, const char *id, const char *path, int out_fd)
{
	return MAY(e, container_export, "copying out of a container", id, path, out_fd);
}

struct task *engine_container_import(struct engine *e, const char *id, const char *path, int in_fd)
{
	return MAY(e, container_import, "copying into a container", id, path, in_fd);
}

struct task *engine_step_run(struct engine *e, const struct step_spec *spec, int *ret_code)
{
	return MAY(e, step_run, "running a build step", spec, ret_code);
}

struct task *engine_doctor(struct engine *e, doctor_findings *ret)
{
	return MAY(e, doctor, "doctor", ret);
}

struct task *engine_step_isolation(struct engine *e, struct step_isolation *ret)
{
	return MAY(e, step_isolation, "running a build step", ret);
}
