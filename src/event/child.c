/* SPDX-License-Identifier: Apache-2.0 */
#include "event/child.h"

#include "event/child-hint.h"
#include "event/loop.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/vec.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_STDIO 3

/* What becomes descriptor i of the child: -1 /dev/null, or one of ours. */
typedef VEC(int) fd_table;

struct plan {
	const struct child_spec *spec;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	fd_table fds;
	fd_table copies; /* ours, to be closed */
};

static int spawn_error(const struct child_spec *spec, int sys, struct error *err)
{
	if (sys == ENOENT && spec->cwd && !path_exists(spec->cwd))
		return error_sys_from(err, sys, "run %s in %s", spec->program, spec->cwd);
	if (sys == ENOENT)
		return child_missing(spec->program, err);
	return error_sys_from(err, sys, "run %s", spec->program);
}

/* A descriptor that lies where one of the child's will be put is moved away first. */
static int clear_of_targets(struct plan *p, int *fd, int n_targets, struct error *err)
{
	int copy;

	if (*fd < 0 || *fd >= n_targets)
		return 0;
	copy = fcntl(*fd, F_DUPFD_CLOEXEC, n_targets);
	if (copy < 0)
		return error_sys(err, "copy descriptor %d", *fd);
	*vec_add(&p->copies) = copy;
	*fd = copy;
	return 0;
}

static int plan_fds(struct plan *p, struct error *err)
{
	const struct child_spec *s = p->spec;
	int n = N_STDIO + (int)s->n_extra_fds, r = 0, sys = 0;

	*vec_add(&p->fds) = s->stdin_fd;
	*vec_add(&p->fds) = s->stdout_fd;
	*vec_add(&p->fds) = s->stderr_fd < 0 ? STDERR_FILENO : s->stderr_fd;
	for (size_t i = 0; i < s->n_extra_fds; i++)
		*vec_add(&p->fds) = s->extra_fds[i];
	for (int i = 0; i < n && !r; i++)
		r = clear_of_targets(p, &p->fds.v[i], n, err);
	for (int i = 0; i < n && !r && !sys; i++) {
		if (p->fds.v[i] < 0)
			sys = posix_spawn_file_actions_addopen(&p->actions, i, "/dev/null",
							       i ? O_WRONLY : O_RDONLY, 0);
		else
			sys = posix_spawn_file_actions_adddup2(&p->actions, p->fds.v[i], i);
	}
	if (!r && !sys)
		sys = posix_spawn_file_actions_addclosefrom_np(&p->actions, n);
	if (!r && !sys && s->cwd)
		sys = posix_spawn_file_actions_addchdir_np(&p->actions, s->cwd);
	return r ? r : sys ? spawn_error(s, sys, err) : 0;
}

static int plan_attr(struct plan *p, struct error *err)
{
	short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
	sigset_t all, none;
	int sys;

	/* sigfillset() leaves out the two that glibc keeps to itself, which the child would then
	 * ignore. */
	memset(&all, 0xff, sizeof(all));
	sigemptyset(&none);
	if (p->spec->new_session)
		flags |= POSIX_SPAWN_SETSID;
	sys = posix_spawnattr_setflags(&p->attr, flags);
	if (!sys)
		sys = posix_spawnattr_setsigdefault(&p->attr, &all);
	if (!sys)
		sys = posix_spawnattr_setsigmask(&p->attr, &none);
	return sys ? spawn_error(p->spec, sys, err) : 0;
}

static void plan_done(struct plan *p)
{
	vec_foreach (fd, &p->copies)
		fd_close(*fd);
	vec_done(&p->copies);
	vec_done(&p->fds);
	posix_spawnattr_destroy(&p->attr);
	posix_spawn_file_actions_destroy(&p->actions);
}

/* The program is looked for before cwd is entered: a relative path means ours. */
static char *program_path(const struct child_spec *s)
{
	autofree char *here = NULL;

	if (!s->cwd || s->program[0] == '/' || !strchr(s->program, '/'))
		return xstrdup(s->program);
	here = getcwd(NULL, 0);
	return here ? path_join(here, s->program) : xstrdup(s->program);
}

static int start(struct plan *p, struct child *ret, struct error *err)
{
	const struct child_spec *s = p->spec;
	autofree char *program = program_path(s);
	struct child c = CHILD_INIT;
	int sys;

	sys = posix_spawnp(&c.pid, program, &p->actions, &p->attr, s->argv,
			   s->envp ? s->envp : environ);
	if (sys)
		return spawn_error(s, sys, err);
	/* Nobody else reaps our children, so that the number is still this one's. */
	c.pidfd = pidfd_open(c.pid, 0);
	if (c.pidfd < 0) {
		error_sys(err, "watch %s", s->program);
		kill(c.pid, SIGKILL);
		waitpid(c.pid, NULL, 0);
		return -ERR_SYS;
	}
	*ret = c;
	return 0;
}

int child_spawn(const struct child_spec *spec, struct child *ret, struct error *err)
{
	autocall(plan_done) struct plan p = { .spec = spec };
	int r;

	posix_spawn_file_actions_init(&p.actions);
	posix_spawnattr_init(&p.attr);
	r = plan_fds(&p, err);
	if (!r)
		r = plan_attr(&p, err);
	return r ? r : start(&p, ret, err);
}

int child_kill(const struct child *c, int sig)
{
	if (c->pidfd < 0)
		return -ERR_NOT_FOUND;
	if (!pidfd_send_signal(c->pidfd, sig, NULL, 0))
		return 0;
	return errno == ESRCH ? -ERR_NOT_FOUND : -ERR_SYS;
}

static int reap(struct child *c, int *ret_code, bool *ret_signalled, struct error *err)
{
	siginfo_t si = { 0 };

	while (waitid(P_PIDFD, (id_t)c->pidfd, &si, WEXITED) < 0)
		if (errno != EINTR)
			return error_sys(err, "wait for process %d", (int)c->pid);
	*ret_signalled = si.si_code != CLD_EXITED;
	*ret_code = si.si_status + (*ret_signalled ? 128 : 0);
	c->pidfd = fd_close(c->pidfd);
	c->pid = -1;
	return 0;
}

int child_wait(struct child *c, int *ret_code, struct error *err)
{
	bool signalled;

	return reap(c, ret_code, &signalled, err);
}

struct watch {
	struct child *child;
	child_done_fn done;
	void *userdata;
};

static int on_end(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct watch w = *(struct watch *)userdata;
	bool signalled = false;
	int code = 255;

	sd_event_source_set_enabled(s, SD_EVENT_OFF);
	reap(w.child, &code, &signalled, NULL);
	w.done(w.userdata, code, signalled);
	return 0;
}

int child_watch(sd_event *loop, struct child *c, child_done_fn done, void *userdata,
		sd_event_source **ret, struct error *err)
{
	struct watch *w = xnew(struct watch);
	sd_event_source *s = NULL;
	int r;

	assert(c->pidfd >= 0);
	*w = (struct watch){ c, done, userdata };
	r = sd_event_add_io(loop, &s, c->pidfd, EPOLLIN, on_end, w);
	if (r < 0) {
		free(w);
		return error_sys_from(err, -r, "watch process %d", (int)c->pid);
	}
	sd_event_source_set_destroy_callback(s, free);
	*ret = s;
	return 0;
}
