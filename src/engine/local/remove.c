/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/local.h"
#include "engine/local/volume.h"
#include "util/fd.h"
#include "util/path.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

struct remove {
	struct task task;
	struct local *l;
	bool volumes;
	struct task *stop, *net;
	struct oplock *lock;
	struct record rec;
};

static void remove_free(struct task *t)
{
	struct remove *m = container_of(t, struct remove, task);

	task_unref(m->stop);
	task_unref(m->net);
	oplock_free(m->lock);
	record_done(&m->rec);
	free(m);
}

static const struct task_ops remove_ops = { "container remove", NULL, remove_free };

static void remove_files(struct local *l, const char *id)
{
	static const char *const suffixes[] = { ".want", ".health", ".paused", "" };
	autofree char *state = container_state_dir(l, id), *run = container_run_dir(l, id);
	autofree char *lock = xprintf("%s/locks/%s", l->run_dir, id);

	path_remove_tree(AT_FDCWD, run, NULL);
	path_remove_tree(AT_FDCWD, state, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		autofree char *name = xprintf("%s%s", id, suffixes[i]);

		unlinkat(l->status_fd, name, 0); /* most are not there */
	}
	unlink(lock);
}

/* The row first: what a kill leaves after it belongs to nobody, and recover finds it. */
static int remove_all(struct remove *m, struct error *err)
{
	autofree char *owner = xprintf("container:%s", m->rec.id);
	sqlite3 *db = store_db(m->l->store);
	int r = record_delete(db, m->rec.id, err);

	if (r == 0)
		r = store_image_release(m->l->store, owner, err);
	if (r < 0)
		return r;
	remove_files(m->l, m->rec.id);
	for (size_t i = 0; m->volumes && r == 0 && i < m->rec.anonymous.n; i++) {
		r = volume_delete(m->l, m->rec.anonymous.v[i], err);
		if (r == -ERR_NOT_FOUND || r == -ERR_CONFLICT) /* somebody else's now */
			r = 0;
	}
	return r;
}

static void on_unplugged(struct task *t, int r, void *userdata)
{
	struct remove *m = userdata;
	struct error err = t->err;

	m->net = task_unref(m->net);
	if (r >= 0)
		r = remove_all(m, &err);
	m->lock = oplock_free(m->lock);
	task_end_with(&m->task, r < 0 ? r : 0, &err);
}

static int check(struct remove *m, struct error *err)
{
	struct status st = { 0 };
	int r = recover_container(m->l, &m->rec, err);

	if (r >= 0)
		r = container_status(m->l, m->rec.id, &st, err);
	if (r < 0)
		return r;
	if (r > 0 && st.state == RUN_RUNNING)
		return error_set(err, ERR_CONFLICT,
				 "container %s is running: stop it first, or remove it by force",
				 m->rec.spec.name);
	return 0;
}

static void on_lock(void *userdata, int r, const struct error *lock_err)
{
	struct remove *m = userdata;
	struct error err = lock_err ? *lock_err : ERROR_INIT;

	if (r == 0)
		r = check(m, &err);
	if (r < 0) {
		m->lock = oplock_free(m->lock);
		task_fail(&m->task, &err);
		return;
	}
	m->net = net_unplug(m->l->net, m->rec.id);
	task_on_done(m->net, on_unplugged, m);
}

static void on_stopped(struct task *t, int r, void *userdata)
{
	struct remove *m = userdata;
	struct error err = t->err;

	m->stop = task_unref(m->stop);
	if (r < 0)
		task_fail(&m->task, &err);
	else
		m->lock = oplock_new(m->l, m->rec.id, on_lock, m);
}

struct task *local_container_remove(struct engine *e, const char *id, bool force, bool volumes)
{
	struct remove *m = xnew(struct remove);
	struct error err = ERROR_INIT;

	task_init(&m->task, &remove_ops, e->loop);
	m->l = local_of(e);
	m->volumes = volumes;
	if (record_get(store_db(m->l->store), id, &m->rec, &err) < 0) {
		task_fail(&m->task, &err);
		return &m->task;
	}
	if (!force) {
		m->lock = oplock_new(m->l, m->rec.id, on_lock, m);
		return &m->task;
	}
	m->stop = local_container_stop(e, m->rec.id, 0, false);
	task_on_done(m->stop, on_stopped, m);
	return &m->task;
}

struct task *local_container_rename(struct engine *e, const char *id, const char *name)
{
	struct local *l = local_of(e);
	struct error err = ERROR_INIT;
	autorecord rec = { 0 };
	int r = record_get(store_db(l->store), id, &rec, &err);

	if (r == 0)
		r = record_rename(store_db(l->store), rec.id, name, &err);
	return task_resolved(e->loop, MIN(r, 0), &err);
}
