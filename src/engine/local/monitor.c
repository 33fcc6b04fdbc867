/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/monitor.h"

#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* It is no engine for anybody else. */
static const struct engine_ops monitor_ops = { .name = "local", .free = local_free };

/* 1: it is ours, 0: another has it. */
static int try_lock(struct monitor *m, struct error *err)
{
	autofree char *path = monitor_lock_path(m->l, m->project);
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	autoclose int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_sys(err, "%s", path);
	if (fcntl(fd, F_OFD_SETLK, &fl) < 0)
		return errno == EAGAIN || errno == EACCES ? 0 : error_sys(err, "%s", path);
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		return error_sys(err, "%s", path);
	m->lockfd = TAKE_FD(fd);
	return 1;
}

static struct guard *guard_of(struct monitor *m, const char *id)
{
	struct guard *g = map_get(&m->guards, id);

	if (g)
		return g;
	g = guard_new(m, id);
	if (g)
		map_set(&m->guards, id, g);
	return g;
}

static void on_change(void *userdata, const char *id, const char *what)
{
	struct monitor *m = userdata;
	struct guard *g = *what && !streq(what, "want") ? NULL : guard_of(m, id);

	if (g)
		guard_look(g);
	monitor_idle(m);
}

static void look_at_all(struct monitor *m)
{
	autofree char *label = xprintf(LABEL_PROJECT "=%s", m->project);
	struct strv labels = { 0 };
	record_vec recs = { 0 };

	if (*m->project)
		strv_push(&labels, label);
	if (record_list(store_db(m->l->store), &labels, &recs, NULL) == 0)
		vec_foreach (rec, &recs) {
			struct guard *g = guard_of(m, rec->id);

			if (g)
				guard_look(g);
		}
	record_vec_done(&recs);
	strv_done(&labels);
}

static bool needed(struct monitor *m)
{
	map_foreach (e, &m->guards)
		if (guard_busy(e->value))
			return true;
	return false;
}

static void on_idle(void *userdata)
{
	struct monitor *m = userdata;

	m->idle = sd_event_source_disable_unref(m->idle);
	if (needed(m))
		return;
	m->lockfd = fd_close(m->lockfd);
	look_at_all(m);
	if (needed(m) && try_lock(m, NULL) > 0)
		return;
	sd_event_exit(m->l->engine.loop, 0);
}

void monitor_idle(struct monitor *m)
{
	if (!m->idle)
		loop_after(m->l->engine.loop, 0, on_idle, m, &m->idle, NULL);
}

static int run(struct monitor *m, struct error *err)
{
	int r = try_lock(m, err);

	if (r <= 0)
		return r;
	r = watch_add(m->l, on_change, m, &m->watch, err);
	if (r < 0)
		return r;
	map_init(&m->guards, guard_free);
	look_at_all(m);
	monitor_idle(m);
	sd_event_loop(m->l->engine.loop);
	map_done(&m->guards);
	m->watch = watch_remove(m->watch);
	sd_event_source_disable_unref(m->idle);
	fd_close(m->lockfd);
	return 0;
}

/* For a container that nobody watches: what stop and remove would have done. */
static int put_away(struct local *l, const struct record *rec, struct error *err)
{
	struct status st = { 0 };
	int r;

	if (rec->spec.auto_remove)
		return task_wait(local_container_remove(&l->engine, rec->id, false, true), err);
	r = container_status(l, rec->id, &st, err);
	if (r <= 0 || st.state == RUN_RUNNING)
		return r;
	return task_wait(net_unplug(l->net, rec->id), err);
}

struct waiting {
	bool done;
	int r;
};

static void on_lock(void *userdata, int r, const struct error *err)
{
	struct waiting *w = userdata;

	w->r = r;
	w->done = true;
}

static int ended(struct monitor *m, const char *id, struct error *err)
{
	autofree char *lock = monitor_lock_path(m->l, m->project);
	struct waiting w = { 0 };
	autorecord rec = { 0 };
	struct oplock *o;
	int r = record_find(store_db(m->l->store), id, &rec, err);

	if (r <= 0 || life_held(AT_FDCWD, lock))
		return r < 0 ? r : 0;
	if (record_needs_monitor(&rec))
		return run(m, err);
	if (rec.spec.auto_remove)
		return put_away(m->l, &rec, err);
	o = oplock_new(m->l, id, on_lock, &w);
	while (!w.done && sd_event_run(m->l->engine.loop, UINT64_MAX) >= 0)
		;
	r = w.r < 0 ? w.r : put_away(m->l, &rec, err);
	oplock_free(o);
	return r;
}

int main(int argc, char **argv)
{
	struct monitor m = { .lockfd = -1 };
	struct error err = ERROR_INIT;
	autoloop *loop = NULL;
	int r;

	if (argc < 3 || !(streq(argv[1], "run") || (streq(argv[1], "ended") && argc == 4))) {
		fputs("compose-monitor: started by compose, not by hand\n", stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	m.project = argv[2];
	r = loop_new(&loop, &err);
	if (r == 0)
		r = local_new(loop, &monitor_ops, &m.l, &err);
	if (r == 0)
		r = streq(argv[1], "run") ? run(&m, &err) : ended(&m, argv[3], &err);
	if (r < 0)
		fprintf(stderr, "compose-monitor: %s\n", err.msg);
	if (m.l)
		local_free(&m.l->engine);
	return r < 0 ? 1 : 0;
}
