/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/local.h"

#include "engine/local/monitor.h"
#include "engine/local/start.h"
#include "engine/local/userns.h"
#include "util/env.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/path.h"

#include <fcntl.h>
#include <unistd.h>

char *container_run_dir(const struct local *l, const char *id)
{
	return xprintf("%s/containers/%s", l->run_dir, id);
}

char *container_state_dir(const struct local *l, const char *id)
{
	return xprintf("%s/containers/%s", l->state_dir, id);
}

bool container_alive(const struct local *l, const char *id)
{
	autofree char *lock = xprintf("%s/containers/%s/lock", l->run_dir, id);

	return life_held(AT_FDCWD, lock);
}

int container_status(const struct local *l, const char *id, struct status *ret, struct error *err)
{
	int r = status_read(l->status_fd, id, ret, err);

	if (r > 0 && ret->state == RUN_RUNNING && !container_alive(l, id)) {
		/* It may have ended between the two. */
		r = status_read(l->status_fd, id, ret, err);
		if (r > 0 && ret->state == RUN_RUNNING) {
			ret->state = RUN_EXITED;
			ret->code = 137;
			ret->pid = ret->shim = 0;
		}
	}
	return r;
}

static const char *const wants[] = {
	[WANT_NONE] = "", [WANT_RUN] = "run", [WANT_STOP] = "stop", [WANT_AGAIN] = "again"
};

static void want_key(void *userdata, const char *key, const char *value)
{
	for (size_t i = 0; streq(key, "want") && i < ARRAY_SIZE(wants); i++)
		if (streq(value, wants[i]))
			*(enum want *)userdata = (enum want)i;
}

enum want want_read(const struct local *l, const char *id)
{
	autofree char *name = xprintf("%s.want", id);
	enum want w = WANT_NONE;

	kv_read(l->status_fd, name, want_key, &w, NULL);
	return w;
}

int want_write(const struct local *l, const char *id, enum want w, struct error *err)
{
	autofree char *name = xprintf("%s.want", id), *text = xprintf("want=%s\n", wants[w]);

	if (want_read(l, id) == w)
		return 0;
	return io_replace_fast(l->status_fd, name, text, strlen(text), 0600, err);
}

void local_free(struct engine *e)
{
	struct local *l = local_of(e);

	/* First, since it may turn the loop once more: tasks that end there use the rest. */
	l->net = net_free(l->net);
	start_forget_shims(l);
	monitor_forget(l);
	vec_done(&l->attaches);
	watch_free(l->watch);
	if (l->registry_free)
		l->registry_free(l->registry);
	store_free(l->store);
	fd_close(l->status_fd);
	free(l->state_dir);
	free(l->run_dir);
	free(l->shim);
	free(l->monitor);
	sd_event_unref(e->loop);
	free(l);
}

static int make_dirs(struct local *l, struct error *err)
{
	static const char *const state[] = { "status", "containers", "volumes", "seccomp" };
	static const char *const run[] = { "containers", "locks", "monitors", "oci", "steps" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(state); i++) {
		autofree char *dir = xprintf("%s/%s", l->state_dir, state[i]);

		r = path_mkdirs(AT_FDCWD, dir, 0700, err);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(run); i++) {
		autofree char *dir = xprintf("%s/%s", l->run_dir, run[i]);

		r = path_mkdirs(AT_FDCWD, dir, 0700, err);
	}
	return r;
}

static void pass_note(void *userdata, const char *text)
{
	struct local *l = userdata;

	if (l->engine.note)
		l->engine.note(l->engine.note_userdata, text);
}

static int open_parts(struct local *l, struct error *err)
{
	autofree char *status = xprintf("%s/status", l->state_dir);
	int r = make_dirs(l, err);

	if (r < 0)
		return r;
	l->status_fd = open(status, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->status_fd < 0)
		return error_sys(err, "%s", status);
	r = env_helper("compose-shim", &l->shim, err);
	if (r == 0)
		r = env_helper("compose-monitor", &l->monitor, err);
	if (r == 0)
		r = store_open(l->state_dir, &l->store, err);
	if (r == 0)
		r = record_tables(store_db(l->store), err);
	if (r == 0)
		r = net_new(l->engine.loop, l->store, l->run_dir, &l->net, err);
	if (r == 0)
		net_on_note(l->net, pass_note, l);
	return r;
}

int local_new(sd_event *loop, const struct engine_ops *ops, struct local **ret, struct error *err)
{
	struct local *l;
	int r;

	l = xnew(struct local);
	l->engine.ops = ops;
	l->engine.loop = sd_event_ref(loop);
	l->status_fd = -1;
	l->own_userns = !userns_is_initial();
	l->builds_only = geteuid() != 0 || userns_entered();
	l->state_dir = env_state_dir();
	l->run_dir = env_run_dir();
	l->runtime = env_get("COMPOSE_RUNTIME");
	if (!l->runtime)
		l->runtime = "crun";
	r = open_parts(l, err);
	if (r < 0) {
		local_free(&l->engine);
		return r;
	}
	*ret = l;
	return 0;
}
