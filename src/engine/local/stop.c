/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/cgroup.h"
#include "engine/local/check.h"
#include "engine/local/local.h"
#include "engine/local/oci-container.h"
#include "event/loop.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Also wait: a stop that sends nothing. */
struct stop {
	struct task task;
	struct local *l;
	bool wait;
	int *ret_code;
	int64_t timeout;
	enum want want;
	struct record rec;
	struct oplock *lock;
	struct life *life;
	sd_event_source *timer;
	struct task *net;
};

static void stop_free(struct task *t)
{
	struct stop *s = container_of(t, struct stop, task);

	life_free(s->life);
	oplock_free(s->lock);
	sd_event_source_disable_unref(s->timer);
	task_unref(s->net);
	record_done(&s->rec);
	free(s);
}

static void end(struct stop *s, int r, const struct error *err)
{
	s->life = life_free(s->life);
	s->lock = oplock_free(s->lock);
	s->timer = sd_event_source_disable_unref(s->timer);
	if (!s->task.ended)
		task_end_with(&s->task, r, err);
}

static void stop_cancel(struct task *t)
{
	struct stop *s = container_of(t, struct stop, task);
	struct error err = ERROR_INIT;

	if (s->net) /* nearly there */
		return;
	end(s, error_set(&err, ERR_CANCELLED, "cancelled"), &err);
}

static const struct task_ops stop_ops = { "container stop", stop_cancel, stop_free };

/* The container's first process, surely it and not another that has its number now. */
static int send_signal(const struct status *st, int sig, struct error *err)
{
	autoclose int fd = proc_open(st->pid, st->pid_start);

	if (fd < 0 || syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) == 0 || errno == ESRCH)
		return 0;
	return error_sys(err, "signal %d", sig);
}

static int thaw(struct local *l, const struct record *rec)
{
	autofree char *cgroup = record_cgroup(rec), *paused = xprintf("%s.paused", rec->id);

	if (unlinkat(l->status_fd, paused, 0) < 0)
		return 0;
	return cgroup_freeze(cgroup, false, NULL);
}

static void on_unplugged(struct task *t, int r, void *userdata)
{
	struct stop *s = userdata;
	struct error err = t->err;

	s->net = task_unref(s->net);
	end(s, r < 0 ? r : 0, &err);
}

static void on_ended(void *userdata)
{
	struct stop *s = userdata;
	struct error err = ERROR_INIT;
	struct status st = { 0 };

	s->timer = sd_event_source_disable_unref(s->timer);
	s->life = life_free(s->life);
	if (s->wait) {
		int r = container_status(s->l, s->rec.id, &st, &err);

		if (r >= 0 && s->ret_code)
			*s->ret_code = st.state == RUN_CREATED ? 0 : st.code;
		end(s, r < 0 ? r : 0, &err);
		return;
	}
	if (recover_container(s->l, &s->rec, &err) < 0) {
		end(s, -(int)err.code, &err);
		return;
	}
	s->net = net_unplug(s->l->net, s->rec.id);
	task_on_done(s->net, on_unplugged, s);
}

static void on_timeout(void *userdata)
{
	struct stop *s = userdata;
	struct status st = { 0 };

	s->timer = sd_event_source_disable_unref(s->timer);
	if (container_status(s->l, s->rec.id, &st, NULL) > 0 && st.state == RUN_RUNNING)
		send_signal(&st, SIGKILL, NULL);
}

static int begin_stop(struct stop *s, struct error *err)
{
	struct status st = { 0 };
	int64_t timeout = s->timeout < 0 ? s->rec.spec.stop_timeout : s->timeout;
	int r = want_write(s->l, s->rec.id, s->want, err);

	if (r == 0)
		r = container_status(s->l, s->rec.id, &st, err);
	if (r < 0)
		return r;
	if (r > 0 && st.state == RUN_RUNNING) {
		thaw(s->l, &s->rec);
		r = send_signal(&st, timeout ? signal_parse(s->rec.spec.stop_signal) : SIGKILL,
				err);
		if (r == 0 && timeout)
			r = loop_after(s->l->engine.loop, timeout, on_timeout, s, &s->timer, err);
	}
	return r < 0 ? r : life_new(s->l, s->rec.id, on_ended, s, &s->life, err);
}

static void on_lock(void *userdata, int r, const struct error *lock_err)
{
	struct stop *s = userdata;
	struct error err = lock_err ? *lock_err : ERROR_INIT;

	if (r == 0)
		r = begin_stop(s, &err);
	if (r < 0)
		end(s, r, &err);
}

static struct stop *stop_new(struct local *l, const char *id, struct error *err)
{
	struct stop *s = xnew(struct stop);

	task_init(&s->task, &stop_ops, l->engine.loop);
	s->l = l;
	record_get(store_db(l->store), id, &s->rec, err);
	return s;
}

struct task *local_container_stop(struct engine *e, const char *id, int64_t timeout, bool again)
{
	struct error err = ERROR_INIT;
	struct stop *s = stop_new(local_of(e), id, &err);

	s->timeout = timeout;
	s->want = again ? WANT_AGAIN : WANT_STOP;
	if (err.code)
		end(s, -(int)err.code, &err);
	else
		s->lock = oplock_new(s->l, s->rec.id, on_lock, s);
	return &s->task;
}

struct task *local_container_wait(struct engine *e, const char *id, int *ret_code)
{
	struct error err = ERROR_INIT;
	struct stop *s = stop_new(local_of(e), id, &err);

	s->wait = true;
	s->ret_code = ret_code;
	if (!err.code)
		life_new(s->l, s->rec.id, on_ended, s, &s->life, &err);
	if (err.code)
		end(s, -(int)err.code, &err);
	return &s->task;
}

static int kill_now(struct local *l, const char *id, const char *sig, struct error *err)
{
	int number = signal_parse(sig && *sig ? sig : "SIGKILL");
	struct status st = { 0 };
	autorecord rec = { 0 };
	int r = record_get(store_db(l->store), id, &rec, err);

	if (r == 0)
		r = container_status(l, rec.id, &st, err);
	if (r < 0)
		return r;
	if (!number)
		return error_set(err, ERR_INVALID, "there is no signal \"%s\"", sig);
	if (r == 0 || st.state != RUN_RUNNING)
		return error_set(err, ERR_CONFLICT, "container %s is not running", rec.spec.name);
	if (number == SIGKILL) {
		/* Docker: who kills doesn't want it back. */
		r = want_write(l, rec.id, WANT_STOP, err);
		thaw(l, &rec);
	}
	return r < 0 ? r : send_signal(&st, number, err);
}

struct task *local_container_kill(struct engine *e, const char *id, const char *sig)
{
	struct error err = ERROR_INIT;
	int r = kill_now(local_of(e), id, sig, &err);

	return task_resolved(e->loop, MIN(r, 0), &err);
}

static int freeze(struct local *l, const char *id, bool on, struct error *err)
{
	autofree char *cgroup = NULL, *name = NULL;
	struct status st = { 0 };
	autorecord rec = { 0 };
	int r = record_get(store_db(l->store), id, &rec, err), fd;

	if (r == 0)
		r = container_status(l, rec.id, &st, err);
	if (r < 0)
		return r;
	if (r == 0 || st.state != RUN_RUNNING)
		return error_set(err, ERR_CONFLICT, "container %s is not running", rec.spec.name);
	cgroup = record_cgroup(&rec);
	name = xprintf("%s.paused", rec.id);
	if ((faccessat(l->status_fd, name, F_OK, 0) == 0) == on)
		return error_set(err, ERR_CONFLICT, "container %s is %s", rec.spec.name,
				 on ? "paused already" : "not paused");
	r = cgroup_freeze(cgroup, on, err);
	if (r < 0)
		return r;
	if (!on)
		return unlinkat(l->status_fd, name, 0) < 0 ? error_sys(err, "%s", name) : 0;
	fd = openat(l->status_fd, ".paused", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	fd_close(fd);
	if (fd < 0 || renameat(l->status_fd, ".paused", l->status_fd, name) < 0)
		return error_sys(err, "%s", name);
	return 0;
}

struct task *local_container_pause(struct engine *e, const char *id)
{
	struct error err = ERROR_INIT;
	int r = freeze(local_of(e), id, true, &err);

	return task_resolved(e->loop, MIN(r, 0), &err);
}

struct task *local_container_unpause(struct engine *e, const char *id)
{
	struct error err = ERROR_INIT;
	int r = freeze(local_of(e), id, false, &err);

	return task_resolved(e->loop, MIN(r, 0), &err);
}
