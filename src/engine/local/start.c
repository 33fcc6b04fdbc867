/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/start.h"

#include "engine/local/attach.h"
#include "engine/local/cgroup.h"
#include "engine/local/check.h"
#include "engine/local/oci-container.h"
#include "engine/local/seccomp-cache.h"
#include "util/fd.h"
#include "util/path.h"

#include <fcntl.h>

/*
 * Two things wait for each other at two points: the shim has its namespaces and root filesystem
 * ("ready"), then the network is plugged into it while config.json is written, then "go". Many
 * containers do this at once; their plugs go to one compose-net.
 */
struct start {
	struct task task;
	struct local *l;
	char *name;
	int64_t restarts;
	struct oplock *lock;
	struct record rec;
	char *dir, *netns, *hostname;
	bool reserved;
	char filter[SHA256_HEX_MAX]; /* to be kept once it is compiled */
	struct shim_link *shim;
	struct task *net; /* plug, or at the end unplug */
	bool configured, plugged, went, stopping;
	struct error err;
};

static void start_free(struct task *t)
{
	struct start *s = container_of(t, struct start, task);

	task_unref(s->net);
	oplock_free(s->lock);
	record_done(&s->rec);
	free(s->name);
	free(s->dir);
	free(s->netns);
	free(s->hostname);
	free(s);
}

static void finish(struct start *s)
{
	s->lock = oplock_free(s->lock);
	task_end_with(&s->task, s->err.code ? -(int)s->err.code : 0, &s->err);
}

/* Why it didn't start is kept: ps and inspect show it. The state stays what it was. */
static void note_failure(struct start *s)
{
	struct status st = { 0 };

	if (status_read(s->l->status_fd, s->rec.id, &st, NULL) < 0)
		return;
	if (st.state == RUN_RUNNING)
		st = (struct status){ .state = RUN_EXITED };
	st.code = strstr(s->err.msg, "not found") ? 127 : s->err.code == ERR_CHILD ? 126 : 128;
	st.restarts = s->restarts;
	snprintf(st.error, sizeof(st.error), "%.511s", s->err.msg);
	status_write(s->l->status_fd, s->rec.id, &st, false, NULL);
}

static void on_unplugged(struct task *t, int r, void *userdata)
{
	struct start *s = userdata;

	s->net = task_unref(s->net);
	finish(s);
}

/* What was begun is undone in the reverse order: the shim's own part first. */
static void undo(struct start *s)
{
	if (s->shim || s->net)
		return;
	if (s->dir)
		path_remove_tree(AT_FDCWD, s->dir, NULL);
	if (s->rec.id)
		note_failure(s);
	if (!s->reserved) {
		finish(s);
		return;
	}
	s->net = net_unplug(s->l->net, s->rec.id);
	task_on_done(s->net, on_unplugged, s);
}

static void fail(struct start *s, const struct error *err)
{
	if (!s->err.code)
		s->err = *err;
	if (s->stopping)
		return;
	s->stopping = true;
	if (s->shim)
		shim_abort(s->shim);
	undo(s);
}

static void start_cancel(struct task *t)
{
	struct start *s = container_of(t, struct start, task);
	struct error err = ERROR_INIT;

	if (s->went) /* the answer is on its way, and is the task's */
		return;
	error_set(&err, ERR_CANCELLED, "start of %s cancelled", s->name);
	fail(s, &err);
}

static const struct task_ops start_ops = { "container start", start_cancel, start_free };

static void go(struct start *s)
{
	struct error err = ERROR_INIT;

	if (!s->configured || !s->plugged || s->stopping)
		return;
	attach_before_start(s->l, s->rec.id, s->dir);
	s->went = shim_go(s->shim, &err) == 0;
	if (!s->went)
		fail(s, &err);
}

static void on_plugged(struct task *t, int r, void *userdata)
{
	struct start *s = userdata;
	struct error err = t->err;

	s->net = task_unref(s->net);
	s->plugged = r >= 0;
	if (s->stopping)
		undo(s);
	else if (r < 0)
		fail(s, &err);
	else
		go(s);
}

static int configure(struct start *s, struct error *err)
{
	struct oci_spec o = { 0 };
	autoclose int rootfs = -1;
	int r = shim_open_rootfs(s->shim, &rootfs, err);

	if (r == 0)
		r = oci_of_record(s->l, &s->rec, rootfs, s->dir, s->hostname, &o, err);
	if (r == 0) {
		seccomp_cache_use(s->l, &o, s->filter);
		r = write_config(s->dir, &o, err);
	}
	oci_spec_done(&o);
	return r;
}

static void on_ready(struct start *s)
{
	struct error err = ERROR_INIT;

	if (s->stopping)
		return;
	if (s->reserved) {
		s->net = net_plug(s->l->net, s->rec.id, shim_pid(s->shim));
		task_on_done(s->net, on_plugged, s);
	} else {
		s->plugged = true;
	}
	if (configure(s, &err) < 0) {
		fail(s, &err);
		return;
	}
	s->configured = true;
	go(s);
}

static void on_started(struct start *s)
{
	const char *project = strmap_get(&s->rec.spec.labels, LABEL_PROJECT);

	seccomp_cache_keep(s->l, s->rec.id, s->filter);
	shim_forget(s->shim);
	s->shim = NULL;
	if (record_needs_monitor(&s->rec))
		local_monitor(s->l, project ? project : "", &s->err);
	finish(s);
}

static void on_shim(void *userdata, enum shim_event ev, int n, const char *text)
{
	struct start *s = userdata;
	struct error err = ERROR_INIT;

	switch (ev) {
	case SHIM_READY:
		on_ready(s);
		break;
	case SHIM_STARTED:
		on_started(s);
		break;
	case SHIM_FAILED:
		error_set(&err, ERR_CHILD, "%s", text);
		fail(s, &err);
		break;
	case SHIM_GONE:
		s->shim = NULL;
		error_set(&err, ERR_CHILD, "compose-shim was killed");
		if (s->stopping)
			undo(s);
		else
			fail(s, &err);
		break;
	case SHIM_EXITED:
		break;
	}
}

static int write_job(struct start *s, struct buf *job, struct error *err)
{
	const struct container_spec *c = &s->rec.spec;
	const char *project = strmap_get(&c->labels, LABEL_PROJECT);
	autofree char *state = container_state_dir(s->l, s->rec.id);
	autofree char *cgroup = record_cgroup(&s->rec);
	struct log_config log;
	int r = log_config_parse(c, &log, err);

	if (r < 0)
		return r;
	kv_add(job, "id", s->rec.id);
	strv_foreach (id, &s->rec.diff_ids) {
		autofree char *path = store_layer_path(s->l->store, id);

		kv_add(job, "lowers", path);
	}
	buf_addf(job, "upper=%s/upper\nwork=%s/work\n", state, state);
	if (!log.none)
		buf_addf(job, "log=%s/log\n", state);
	kv_addi(job, "log_max_size", (int64_t)log.max_size);
	kv_addi(job, "log_max_files", log.max_files);
	kv_add(job, "netns", s->netns);
	map_foreach (e, &c->sysctls)
		if (starts_with(e->key, "net."))
			buf_addf(job, "sysctls=%s=%s\n", e->key, (const char *)e->value);
	kv_addi(job, "tty", c->tty);
	kv_addi(job, "open_stdin", c->stdin_open);
	kv_addi(job, "hide_unified", cgroup_mode() == CGROUP_HYBRID);
	kv_add(job, "runtime", c->runtime && *c->runtime ? c->runtime : s->l->runtime);
	buf_addf(job, "runtime_root=%s/oci\nstatus_dir=%s/status\n", s->l->run_dir,
		 s->l->state_dir);
	kv_add(job, "cgroup", cgroup);
	kv_addi(job, "restarts", s->restarts);
	kv_add(job, "ended", s->l->monitor);
	kv_add(job, "project", project ? project : "");
	return buf_check(job, "job of the shim", err);
}

static struct net_request request_of(const struct record *rec)
{
	const struct container_spec *c = &rec->spec;

	return (struct net_request){ .id = rec->id,
				     .name = c->name,
				     .hostname = c->hostname,
				     .domainname = c->domainname,
				     .networks = c->networks.v,
				     .n_networks = c->networks.n,
				     .ports = c->ports.v,
				     .n_ports = c->ports.n,
				     .dns = &c->dns,
				     .dns_search = &c->dns_search,
				     .dns_opt = &c->dns_opt,
				     .extra_hosts = &c->extra_hosts,
				     .mac_address = c->mac_address };
}

/* network_mode container:X: its namespace, and its files. */
static int join_network(struct start *s, const char *other, struct net_reservation *res,
			struct error *err)
{
	autorecord rec = { 0 };
	struct status st = { 0 };
	int r = record_get(store_db(s->l->store), other, &rec, err);

	if (r == 0)
		r = container_status(s->l, rec.id, &st, err);
	if (r < 0)
		return error_wrap(err, "network_mode of %s", s->rec.spec.name);
	if (st.state != RUN_RUNNING)
		return error_set(err, ERR_CONFLICT,
				 "%s takes the network of %s, which is not running",
				 s->rec.spec.name, rec.spec.name);
	s->netns = xprintf("/proc/%d/ns/net", (int)st.shim);
	return link_etc(s->l, rec.id, s->dir, res, err);
}

static int network(struct start *s, struct error *err)
{
	const char *mode = s->rec.spec.network_mode ? s->rec.spec.network_mode : "";
	const char *other = skip_prefix(mode, "container:");
	struct net_request req = request_of(&s->rec);
	struct net_reservation res = { 0 };
	int r;

	if (other) {
		r = join_network(s, other, &res, err);
	} else if (streq(mode, "host")) {
		s->netns = xstrdup("host");
		r = net_files_host(&req, &res, err);
	} else if (streq(mode, "none")) {
		s->netns = xstrdup("lo");
		r = net_files_none(&req, &res, err);
	} else {
		s->netns = xstrdup("new");
		r = net_reserve(s->l->net, &req, &res, err);
		s->reserved = r == 0;
	}
	if (r == 0)
		r = write_etc(s->dir, &res, err);
	if (r == 0)
		s->hostname = res.hostname ? xstrdup(res.hostname) : xstrndup(s->rec.id, 12);
	net_reservation_done(&res);
	return r;
}

/* Of a life that ended badly, or never quite began: nobody put these away. */
static void clean(struct start *s)
{
	autofree char *cgroup = record_cgroup(&s->rec);
	autofree char *state = xprintf("%s/oci/%s", s->l->run_dir, s->rec.id);

	cgroup_remove(cgroup, NULL);
	path_remove_tree(AT_FDCWD, state, NULL);
}

static int begin(struct start *s, struct error *err)
{
	autobuf job = { 0 };
	int r;

	s->dir = container_run_dir(s->l, s->rec.id);
	r = path_mkdirs(AT_FDCWD, s->dir, 0700, err);
	if (r == 0)
		r = network(s, err);
	if (r == 0)
		r = want_write(s->l, s->rec.id, WANT_RUN, err);
	if (r < 0)
		return r;
	buf_init(&job, LIMIT_CONFIG_JSON);
	r = write_job(s, &job, err);
	if (r == 0)
		r = shim_start(s->l, s->dir, &job, NULL, oplock_fd(s->lock), on_shim, s, &s->shim,
			       err);
	return r;
}

static void on_lock(void *userdata, int r, const struct error *lock_err)
{
	struct start *s = userdata;
	struct error err = lock_err ? *lock_err : ERROR_INIT;
	struct status st = { 0 };

	if (r < 0) {
		fail(s, &err);
		return;
	}
	r = record_get(store_db(s->l->store), s->name, &s->rec, &err);
	if (r == 0)
		r = status_read(s->l->status_fd, s->rec.id, &st, &err);
	if (r >= 0 && st.state == RUN_RUNNING && container_alive(s->l, s->rec.id)) {
		finish(s);
		return;
	}
	if (r >= 0) {
		clean(s);
		r = begin(s, &err);
	}
	if (r < 0)
		fail(s, &err);
}

struct task *local_start(struct local *l, const char *id, int64_t restarts)
{
	struct start *s = xnew(struct start);
	struct record rec = { 0 };
	struct error err = ERROR_INIT;

	task_init(&s->task, &start_ops, l->engine.loop);
	s->l = l;
	s->restarts = restarts;
	if (record_get(store_db(l->store), id, &rec, &err) < 0) {
		s->name = xstrdup(id);
		fail(s, &err);
		return &s->task;
	}
	s->name = xstrdup(rec.id);
	s->lock = oplock_new(l, rec.id, on_lock, s);
	record_done(&rec);
	return &s->task;
}

struct task *local_container_start(struct engine *e, const char *id)
{
	return local_start(local_of(e), id, 0);
}
