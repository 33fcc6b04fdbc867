/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/cgroup.h"
#include "engine/local/isolation.h"
#include "engine/local/oci-container.h"
#include "engine/local/seccomp-cache.h"
#include "engine/local/start.h"
#include "engine/local/userns.h"
#include "util/fd.h"
#include "util/hash.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define ID_DIGITS 64

struct output {
	struct step *step;
	bool is_stderr;
	int fd;
	sd_event_source *io;
};

struct step {
	struct task task;
	struct local *l;
	struct step_spec spec; /* our copy */
	enum isolation rung;
	struct id_map map; /* of root's step in a user namespace */
	int *ret_code;
	char id[ID_DIGITS + 1], *dir, *cgroup;
	bool reserved, plugged, configured, failed, exited, gone;
	int code, lockfd; /* held while we are at it: recover leaves the directory alone */
	char filter[SHA256_HEX_MAX]; /* to be kept once it is compiled */
	struct shim_link *shim;
	struct task *net;
	struct output out[2];
	struct error err;
};

static void spec_done(struct step_spec *s)
{
	strv_done(&s->layers);
	free(s->upper);
	free(s->work);
	free(s->rootfs);
	strv_done(&s->argv);
	strv_done(&s->env);
	free(s->working_dir);
	free(s->user);
	free(s->network);
	strv_done(&s->extra_hosts);
	free(s->hostname);
	vec_foreach (m, &s->mounts) {
		free(m->source);
		free(m->target);
		free(m->type);
	}
	vec_done(&s->mounts);
	vec_foreach (u, &s->ulimits)
		free(u->name);
	vec_done(&s->ulimits);
}

static void spec_copy(struct step_spec *to, const struct step_spec *from)
{
	*to = (struct step_spec){ .upper = xstrdup0(from->upper),
				  .work = xstrdup0(from->work),
				  .rootfs = xstrdup0(from->rootfs),
				  .working_dir = xstrdup0(from->working_dir),
				  .user = xstrdup0(from->user),
				  .network = xstrdup0(from->network),
				  .hostname = xstrdup0(from->hostname),
				  .shm_size = from->shm_size,
				  .privileged = from->privileged,
				  .output = from->output,
				  .userdata = from->userdata };
	strv_copy(&to->layers, &from->layers);
	strv_copy(&to->argv, &from->argv);
	strv_copy(&to->env, &from->env);
	strv_copy(&to->extra_hosts, &from->extra_hosts);
	vec_foreach (m, &from->mounts) {
		struct step_mount *x = vec_add(&to->mounts);

		*x = *m;
		x->source = xstrdup0(m->source);
		x->target = xstrdup0(m->target);
		x->type = xstrdup0(m->type);
	}
	vec_foreach (u, &from->ulimits)
		*vec_add(&to->ulimits) = (struct ulimit_spec){ xstrdup(u->name), u->soft, u->hard };
}

static void close_output(struct output *o)
{
	o->io = sd_event_source_disable_unref(o->io);
	o->fd = fd_close(o->fd);
}

static void step_free(struct task *t)
{
	struct step *s = container_of(t, struct step, task);

	for (int i = 0; i < 2; i++)
		close_output(&s->out[i]);
	task_unref(s->net);
	spec_done(&s->spec);
	free(s->dir);
	free(s->cgroup);
	free(s);
}

/* What is in a pipe when all its writers have ended is all that will ever come. */
static void drain(struct output *o)
{
	char p[64 << 10];
	ssize_t n;

	while (o->fd >= 0) {
		n = read(o->fd, p, sizeof(p));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0 || errno != EAGAIN)
				close_output(o);
			return;
		}
		if (o->step->spec.output)
			o->step->spec.output(o->step->spec.userdata, o->is_stderr, p, (size_t)n);
	}
}

static int on_output(sd_event_source *src, int fd, uint32_t revents, void *userdata)
{
	drain(userdata);
	return 0;
}

static void finish(struct step *s)
{
	path_remove_tree(AT_FDCWD, s->dir, NULL);
	s->lockfd = fd_close(s->lockfd);
	if (s->err.code) {
		task_fail(&s->task, &s->err);
		return;
	}
	*s->ret_code = s->code;
	task_end(&s->task, 0);
}

static void on_unplugged(struct task *t, int r, void *userdata)
{
	struct step *s = userdata;

	s->net = task_unref(s->net);
	finish(s);
}

static void wind_up(struct step *s)
{
	if (!s->gone || s->net)
		return;
	for (int i = 0; i < 2; i++)
		drain(&s->out[i]);
	if (!s->reserved) {
		finish(s);
		return;
	}
	s->net = net_unplug(s->l->net, s->id);
	task_on_done(s->net, on_unplugged, s);
}

static void fail(struct step *s, const struct error *err)
{
	if (!s->err.code)
		s->err = *err;
	s->failed = true;
	if (s->shim)
		shim_abort(s->shim);
	else
		s->gone = true;
	wind_up(s);
}

static void step_cancel(struct task *t)
{
	struct step *s = container_of(t, struct step, task);
	struct error err = ERROR_INIT;

	error_set(&err, ERR_CANCELLED, "step cancelled");
	fail(s, &err);
}

static const struct task_ops step_ops = { "step", step_cancel, step_free };

static void go(struct step *s)
{
	struct error err = ERROR_INIT;

	if (!s->configured || !s->plugged || s->failed)
		return;
	if (shim_go(s->shim, &err) < 0)
		fail(s, &err);
}

static void on_plugged(struct task *t, int r, void *userdata)
{
	struct step *s = userdata;
	struct error err = t->err;

	s->net = task_unref(s->net);
	s->plugged = r >= 0;
	if (s->failed)
		wind_up(s);
	else if (r < 0)
		fail(s, &err);
	else
		go(s);
}

static int open_rootfs(struct step *s, int *ret, struct error *err)
{
	if (!s->spec.rootfs)
		return shim_open_rootfs(s->shim, ret, err);
	*ret = open(s->spec.rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? error_sys(err, "%s", s->spec.rootfs) : 0;
}

static int configure(struct step *s, struct error *err)
{
	struct oci_spec o = { 0 };
	autoclose int rootfs = -1;
	int r = open_rootfs(s, &rootfs, err);

	if (r == 0)
		r = oci_of_step(s->l, &s->spec, rootfs, s->dir, s->cgroup, &o, err);
	if (r == 0)
		id_map_use(&s->map, &s->spec, s->dir, &o);
	if (r == 0 && s->spec.rootfs) {
		r = process_write(s->dir, &o, err);
	} else if (r == 0) {
		seccomp_cache_use(s->l, &o, s->filter);
		r = write_config(s->dir, &o, err);
	}
	oci_spec_done(&o);
	return r;
}

static void on_ready(struct step *s)
{
	struct error err = ERROR_INIT;

	if (s->failed)
		return;
	s->plugged = !s->reserved;
	if (s->reserved) {
		s->net = net_plug(s->l->net, s->id, shim_pid(s->shim));
		task_on_done(s->net, on_plugged, s);
	}
	if (configure(s, &err) < 0) {
		fail(s, &err);
		return;
	}
	s->configured = true;
	go(s);
}

static void on_gone(struct step *s)
{
	struct error err = ERROR_INIT;

	s->shim = NULL;
	s->gone = true;
	if (!s->exited && !s->err.code) {
		cgroup_remove(s->cgroup, NULL);
		local_kill_step(s->dir);
		error_set(&err, ERR_CHILD, "compose-shim was killed");
		s->err = err;
	}
	wind_up(s);
}

static void on_shim(void *userdata, enum shim_event ev, int n, const char *text)
{
	struct step *s = userdata;
	struct error err = ERROR_INIT;

	switch (ev) {
	case SHIM_READY:
		on_ready(s);
		break;
	case SHIM_STARTED:
		seccomp_cache_keep(s->l, s->id, s->filter);
		break;
	case SHIM_FAILED:
		error_set(&err, ERR_CHILD, "%s", text);
		fail(s, &err);
		break;
	case SHIM_EXITED: /* all is unmounted and closed; the shim itself is on its way out */
		s->exited = s->gone = true;
		s->code = n;
		shim_forget(s->shim);
		s->shim = NULL;
		wind_up(s);
		break;
	case SHIM_GONE:
		on_gone(s);
		break;
	}
}

static int open_outputs(struct step *s, int write_ends[2], struct error *err)
{
	for (int i = 0; i < 2; i++) {
		int p[2], r = fd_pipe(p, err);

		if (r < 0)
			return r;
		s->out[i] = (struct output){ .step = s, .is_stderr = i, .fd = p[0] };
		write_ends[i] = p[1];
		r = fd_nonblock(p[0], true, err);
		if (r < 0)
			return r;
		r = sd_event_add_io(s->task.loop, &s->out[i].io, p[0], EPOLLIN, on_output,
				    &s->out[i]);
		if (r < 0)
			return error_sys_from(err, -r, "event loop");
	}
	return 0;
}

static int network(struct step *s, const char **ret_netns, struct error *err)
{
	const char *mode = s->spec.network && *s->spec.network ? s->spec.network : "default";
	struct net_request req = { .id = s->id,
				   .name = NET_STEP_NAME,
				   .hostname = s->spec.hostname ? s->spec.hostname
								: "buildkitsandbox",
				   .extra_hosts = &s->spec.extra_hosts };
	struct net_reservation res = { 0 };
	int r;

	if (s->rung == ISOLATION_CHROOT && streq(mode, "none"))
		return error_set(err, ERR_UNSUPPORTED,
				 "a step without a network needs a namespace, which isolation "
				 "chroot has not");
	if (s->rung >= ISOLATION_HOSTNET && streq(mode, "default"))
		mode = "host";
	if (streq(mode, "host")) {
		*ret_netns = "host";
		r = net_files_host(&req, &res, err);
	} else if (streq(mode, "none")) {
		*ret_netns = "lo";
		r = net_files_none(&req, &res, err);
	} else if (streq(mode, "default")) {
		*ret_netns = "new";
		r = net_reserve(s->l->net, &req, &res, err);
		s->reserved = r == 0;
	} else {
		return error_set(err, ERR_UNSUPPORTED,
				 "network \"%s\" of a build step is not default, none or host",
				 mode);
	}
	if (r == 0)
		r = write_etc(s->dir, &res, err);
	net_reservation_done(&res);
	return r;
}

static int begin(struct step *s, struct error *err)
{
	autoclose int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int ends[2] = { -1, -1 }, r;
	const char *netns = NULL;
	autofree char *lock = xprintf("%s/starter", s->dir);
	autobuf job = { 0 };

	r = path_mkdirs(AT_FDCWD, s->dir, 0700, err);
	if (r == 0)
		r = life_lock(AT_FDCWD, lock, &s->lockfd, err);
	if (r == 0)
		r = s->rung == ISOLATION_USERNS ? id_map_find(&s->map, s->dir, s->l->run_dir, err)
						: 0;
	if (r == 0)
		r = network(s, &netns, err);
	if (r < 0)
		return r;
	buf_init(&job, LIMIT_CONFIG_JSON);
	kv_add(&job, "id", s->id);
	strv_foreach (layer, &s->spec.layers)
		kv_add(&job, "lowers", layer);
	if (s->spec.rootfs) {
		kv_add(&job, "rootfs", s->spec.rootfs);
	} else {
		kv_add(&job, "upper", s->spec.upper);
		kv_add(&job, "work", s->spec.work);
	}
	kv_add(&job, "netns", netns);
	kv_addi(&job, "step", 1);
	kv_addi(&job, "hide_unified", cgroup_mode() == CGROUP_HYBRID);
	kv_add(&job, "runtime", s->l->runtime);
	buf_addf(&job, "runtime_root=%s/oci\n", s->l->run_dir);
	if (!s->spec.rootfs && !s->l->own_userns)
		kv_add(&job, "cgroup", s->cgroup);
	kv_addi(&job, "userxattr", s->l->own_userns);
	id_map_job(&s->map, &s->spec, &job);
	r = buf_check(&job, "job of the shim", err);
	if (r == 0)
		r = open_outputs(s, ends, err);
	if (r == 0)
		r = shim_start(s->l, s->dir, &job, (int[]){ null, ends[0], ends[1] }, -1, on_shim,
			       s, &s->shim, err);
	fd_close(ends[0]);
	fd_close(ends[1]);
	return r;
}

static int check(const struct step *s, struct error *err)
{
	bool plain = s->rung == ISOLATION_CHROOT;

	if (!plain && !userns_may_mount())
		return error_set(err, ERR_AUTH,
				 "we may not mount, nor make a user namespace where we might");
	if (s->rung == ISOLATION_USERNS && s->l->own_userns)
		return error_set(err, ERR_UNSUPPORTED,
				 "a network of the step's own needs root; hostnet is the same "
				 "user namespace without one");
	if (s->rung == ISOLATION_ROOT && s->l->own_userns)
		return error_set(err, ERR_AUTH, "we are not root of this machine");

	if (s->spec.privileged && s->rung != ISOLATION_ROOT && s->rung != ISOLATION_HOSTNET)
		return error_set(err, ERR_UNSUPPORTED,
				 "a privileged step needs isolation root or hostnet, not %s",
				 isolation_name(s->rung));
	if (plain != !!s->spec.rootfs)
		return error_set(err, ERR_INTERNAL, "a root filesystem of the wrong kind");
	return 0;
}

struct task *step_run_on(struct local *l, enum isolation rung, const struct step_spec *spec,
			 int *ret_code)
{
	struct step *s = xnew(struct step);
	struct error err = ERROR_INIT;
	int r;

	task_init(&s->task, &step_ops, l->engine.loop);
	s->l = l;
	s->rung = rung;
	s->ret_code = ret_code;
	s->out[0].fd = s->out[1].fd = s->lockfd = -1;
	spec_copy(&s->spec, spec);
	random_hex(ID_DIGITS / 2, s->id);
	s->dir = xprintf("%s/steps/%s", s->l->run_dir, s->id);
	s->cgroup = xprintf(CGROUP_PARENT "/%s", s->id);
	r = check(s, &err);
	if (r == 0)
		r = begin(s, &err);
	if (r < 0)
		fail(s, &err);
	return &s->task;
}

struct task *local_step_run(struct engine *e, const struct step_spec *spec, int *ret_code)
{
	struct local *l = local_of(e);
	enum isolation rung = l->isolated ? (enum isolation)l->isolation : ISOLATION_ROOT;

	return step_run_on(l, rung, spec, ret_code);
}
