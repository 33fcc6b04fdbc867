/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/cgroup.h"
#include "engine/local/local.h"
#include "engine/local/oci-container.h"
#include "util/path.h"
#include "util/time.h"

#include <fcntl.h>
#include <unistd.h>

#define KILLED 137

int recover_container(struct local *l, const struct record *rec, struct error *err)
{
	autofree char *cgroup = record_cgroup(rec);
	autofree char *state = xprintf("%s/oci/%s", l->run_dir, rec->id);
	autofree char *dir = container_run_dir(l, rec->id);
	struct status st = { 0 };
	int r = status_read(l->status_fd, rec->id, &st, err);

	if (r <= 0 || st.state != RUN_RUNNING || container_alive(l, rec->id))
		return MIN(r, 0);
	cgroup_kill(cgroup);
	st.oom = cgroup_oom(cgroup);
	r = cgroup_remove(cgroup, err);
	if (r == 0)
		r = path_remove_tree(AT_FDCWD, state, err);
	if (r == 0)
		r = path_remove_tree(AT_FDCWD, dir, err);
	if (r < 0)
		return r;
	st.state = RUN_EXITED;
	st.code = KILLED;
	st.pid = st.shim = 0;
	st.finished = time_now();
	r = status_write(l->status_fd, rec->id, &st, true, err);
	return r < 0 ? r : 1;
}

struct recover {
	struct task task;
	struct local *l;
	record_vec recs;
	size_t next;
	struct oplock *lock;
	struct task *net;
	const char *project; /* borrowed */
	bool needs_monitor;
	struct strv live;
	bool found;
};

static void next(struct recover *r);

static void recover_free(struct task *t)
{
	struct recover *r = container_of(t, struct recover, task);

	oplock_free(r->lock);
	task_unref(r->net);
	record_vec_done(&r->recs);
	strv_done(&r->live);
	free(r);
}

static const struct task_ops recover_ops = { "recover", NULL, recover_free };

static void on_net(struct task *t, int code, void *userdata)
{
	struct recover *r = userdata;
	struct error err = t->err;

	r->net = task_unref(r->net);
	task_end_with(&r->task, code < 0 ? code : 0, &err);
}

static void on_lock(void *userdata, int code, const struct error *lock_err)
{
	struct recover *r = userdata;
	const struct record *rec = &r->recs.v[r->next];
	struct error err = ERROR_INIT;

	if (code == 0)
		code = recover_container(r->l, rec, &err);
	if (code > 0)
		r->found = true;
	r->lock = oplock_free(r->lock);
	if (code < 0) {
		task_fail(&r->task, lock_err ? lock_err : &err);
		return;
	}
	r->next++;
	next(r);
}

static bool of_project(const struct record *rec, const char *project)
{
	const char *label = strmap_get(&rec->spec.labels, LABEL_PROJECT);

	return streq(label ? label : "", project ? project : "");
}

static void next(struct recover *r)
{
	struct error err = ERROR_INIT;
	struct status st = { 0 };

	for (; r->next < r->recs.n; r->next++) {
		const struct record *rec = &r->recs.v[r->next];

		if (status_read(r->l->status_fd, rec->id, &st, NULL) <= 0 ||
		    st.state != RUN_RUNNING)
			continue;
		if (container_alive(r->l, rec->id)) {
			strv_push(&r->live, rec->id);
			/* Who started it may have been killed before there was a monitor. */
			if (record_needs_monitor(rec) && of_project(rec, r->project))
				r->needs_monitor = true;
			continue;
		}
		r->lock = oplock_new(r->l, rec->id, on_lock, r);
		return;
	}
	local_sweep(r->l, &r->recs);
	if (r->needs_monitor && local_monitor(r->l, r->project, &err) < 0) {
		task_fail(&r->task, &err);
		return;
	}
	if (r->l->builds_only) { /* no network of ours can be there */
		task_end(&r->task, 0);
		return;
	}
	r->net = net_recover(r->l->net, &r->live);
	task_on_done(r->net, on_net, r);
}

/* The network is the machine's: what lives is asked of every project, whichever is put right. */
struct task *local_recover(struct engine *e, const char *project)
{
	struct recover *r = xnew(struct recover);
	struct error err = ERROR_INIT;

	task_init(&r->task, &recover_ops, e->loop);
	r->l = local_of(e);
	r->project = project;
	if (record_list(store_db(r->l->store), NULL, &r->recs, &err) < 0)
		task_fail(&r->task, &err);
	else
		next(r);
	return &r->task;
}
