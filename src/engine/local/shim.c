/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/shim.h"

#include "engine/local/cgroup.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/time.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_MESSAGE 4096
#define POLL_MAX      (LIMIT_CLIENTS + 16)
#define LINGER_MS     5000 /* for clients that don't take the last output */

static void tell(struct shim *s, const char *fmt, ...) printf_like(2, 3);
static void tell(struct shim *s, const char *fmt, ...)
{
	char text[LIMIT_MESSAGE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (s->control >= 0 && send(s->control, text, strlen(text), MSG_NOSIGNAL) < 0)
		s->control = fd_close(s->control);
}

static int open_signals(struct shim *s, struct error *err)
{
	static const int ignored[] = { SIGPIPE, SIGHUP, SIGINT, SIGTERM, SIGQUIT };
	sigset_t set;

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->sigfd < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return error_sys(err, "signals");
	return 0;
}

static void reap(struct shim *s)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(s->sigfd, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->runtime) {
			s->runtime_done = true;
			s->runtime_status = status;
		} else if (pid == s->init) {
			s->init_done = true;
			s->init_status = status;
		} else if (!s->init) {
			*vec_add(&s->reaped) = (struct reaped){ pid, status };
		}
	}
}

/* Whatever is still our child, for a runtime that was stopped half-way. */
static void kill_children(void)
{
	autobuf b = { 0 };

	buf_init(&b, 1 << 20);
	for (int tries = 0; tries < 100; tries++) {
		char *end;

		buf_reset(&b);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (io_read_file(AT_FDCWD, "/proc/thread-self/children", &b, NULL) < 0 || !b.len)
			return;
		for (char *p = b.p; *p; p = end + 1) {
			long pid = strtol(p, &end, 10);

			if (end == p)
				break;
			kill((pid_t)pid, SIGKILL);
			if (!*end)
				break;
		}
		poll(NULL, 0, 1);
	}
}

/* No control group knows what belongs to this step: its first process, for who finds us killed. */
static void write_init(struct shim *s)
{
	autofree char *text = xprintf("pid=%d\nstart=%llu\n", (int)s->init,
				      (unsigned long long)s->status.pid_start);

	io_replace_fast(s->dirfd, "init", text, strlen(text), 0600, NULL);
}

static int runs(struct shim *s, struct error *err)
{
	int r;

	s->status = (struct status){ .state = RUN_RUNNING,
				     .pid = s->init,
				     .shim = getpid(),
				     .pid_start = proc_start_time(s->init),
				     .started = time_now(),
				     .restarts = s->job.restarts };
	if (s->statusfd >= 0) {
		r = status_write(s->statusfd, s->job.id, &s->status, false, err);
		if (r < 0)
			return r;
	}
	if (!s->job.step)
		close(SHIM_LOCK_FD);
	else if (!s->job.cgroup)
		write_init(s);
	tell(s, "started %d", (int)s->init);
	return 0;
}

static int started(struct shim *s, struct error *err)
{
	int r = shim_runtime_result(s, err);

	s->runtime = 0;
	return r < 0 ? r : runs(s, err);
}

static int go(struct shim *s, struct error *err)
{
	int r = s->job.rootfs ? shim_chroot_start(s, err) : shim_runtime_start(s, err);

	return r == 0 && s->job.rootfs ? runs(s, err) : r;
}

static int hear(struct shim *s, struct error *err)
{
	char text[16];
	ssize_t n = recv(s->control, text, sizeof(text), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n == 2 && !memcmp(text, "go", 2) && !s->runtime && !s->init)
		return go(s, err);
	if (n > 0)
		return 0;
	s->control = fd_close(s->control);
	return 0;
}

static int turn(struct shim *s, struct error *err)
{
	struct pollfd p[POLL_MAX];
	size_t n;
	int r = 0;

	p[0] = (struct pollfd){ .fd = s->sigfd, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = s->control, .events = POLLIN };
	n = shim_io_poll(s, p + 2, POLL_MAX - 2);
	if (poll(p, n + 2, -1) < 0 && errno != EINTR)
		return error_sys(err, "poll");
	/* Output first: what was written before the end comes before it. */
	shim_io_handle(s, p + 2, n);
	if (p[0].revents)
		reap(s);
	if (s->runtime_done && s->runtime)
		r = started(s, err);
	if (r == 0 && p[1].revents)
		r = hear(s, err);
	return r;
}

static int prepare(struct shim *s, struct error *err)
{
	int r;

	if (chdir(s->dir) < 0)
		return error_sys(err, "%s", s->dir);
	s->dirfd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = shim_job_read(s, err);
	if (r < 0)
		return r;
	if (s->job.status_dir) {
		s->statusfd = open(s->job.status_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (s->statusfd < 0)
			return error_sys(err, "%s", s->job.status_dir);
	}
	r = open_signals(s, err);
	if (r == 0)
		r = life_lock(s->dirfd, "lock", &s->lockfd, err);
	if (r == 0 && !s->job.rootfs)
		r = shim_namespaces(s, err);
	if (r == 0 && s->job.idmap_uid && s->job.idmap_gid)
		r = shim_idmap(s, err);
	if (r == 0 && !s->job.rootfs)
		r = shim_rootfs(s, err);
	if (r == 0)
		r = shim_io_open(s, err);
	return r;
}

static void linger(struct shim *s)
{
	for (int left = LINGER_MS; left > 0 && s->clients.n; left -= 10) {
		bool more = false;

		vec_foreach (c, &s->clients) {
			if (c->out.len)
				shim_attach_write(s, c);
			more = more || (c->out.len && !c->gone);
		}
		if (!more)
			return;
		poll(NULL, 0, 10);
	}
}

static void want_key(void *userdata, const char *key, const char *value)
{
	if (streq(key, "want"))
		*(bool *)userdata = streq(value, "stop");
}

static bool asked_to_stop(struct shim *s)
{
	autofree char *name = xprintf("%s.want", s->job.id);
	bool stop = false;

	kv_read(s->statusfd, name, want_key, &stop, NULL);
	return stop;
}

/* In place of ourselves: whoever puts away what only the engine can. */
static void run_ended(struct shim *s)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir("/") < 0)
		return;
	execl(s->job.ended, s->job.ended, "ended", s->job.project ? s->job.project : "", s->job.id,
	      (char *)NULL);
}

static void finish(struct shim *s)
{
	int code = WIFSIGNALED(s->init_status) ? 128 + WTERMSIG(s->init_status)
					       : WEXITSTATUS(s->init_status);
	bool ran = s->status.state == RUN_RUNNING, stop;
	int32_t code32 = code;

	if (s->runtime > 0)
		kill(s->runtime, SIGKILL);
	shim_runtime_cleanup(s);
	kill_children();
	if (s->console >= 0)
		shim_console_accept(s, NULL);
	if (ran) /* else it is the runtime's own complaint, which the starter is told */
		shim_io_drain(s);
	logfile_close(&s->log, time_now());
	shim_attach_send(s, 'x', &code32, sizeof(code32));
	s->listener = fd_close(s->listener);
	unlinkat(s->dirfd, "attach.sock", 0);
	shim_leave_network(s);
	if (s->job.step || !ran)
		shim_leave_mounts(s);
	if (!ran)
		return;
	stop = s->statusfd >= 0 && asked_to_stop(s);
	s->status.state = RUN_EXITED;
	s->status.pid = s->status.shim = 0;
	s->status.code = code;
	s->status.finished = time_now();
	if (s->statusfd >= 0)
		status_write(s->statusfd, s->job.id, &s->status, !stop, NULL);
	tell(s, "exited %d", code);
	linger(s);
	shim_leave_mounts(s);
	if (s->job.ended && !stop)
		run_ended(s);
}

static int run_main(const char *dir)
{
	struct shim s = { .dir = dir,
			  .dirfd = -1,
			  .statusfd = -1,
			  .lockfd = -1,
			  .control = SHIM_CONTROL_FD,
			  .host_mnt = -1,
			  .host_net = -1,
			  .sigfd = -1,
			  .log.fd = -1,
			  .out = { -1, -1 },
			  .out_w = { -1, -1 },
			  .in_r = -1,
			  .in_w = -1,
			  .console = -1,
			  .listener = -1 };
	struct error err = ERROR_INIT;
	int r;

	fcntl(SHIM_CONTROL_FD, F_SETFD, FD_CLOEXEC);
	fcntl(SHIM_LOCK_FD, F_SETFD, FD_CLOEXEC);
	r = prepare(&s, &err);
	if (r == 0)
		tell(&s, "ready");
	while (r == 0 && !s.init_done)
		r = s.control < 0 && (s.job.step || !(s.init || s.runtime))
			    ? error_set(&err, ERR_CANCELLED, "the starter has gone")
			    : turn(&s, &err);
	if (s.job.id)
		finish(&s);
	if (r < 0)
		tell(&s, "failed %s", err.msg);
	return r < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && streq(argv[1], "run"))
		return run_main(argv[2]);
	if (argc == 3 && streq(argv[1], "chroot"))
		return shim_chroot_main(argv[2]);
	if (argc == 2 && streq(argv[1], "true"))
		return 0;
	if (argc == 4 && streq(argv[1], "overlay"))
		return shim_overlay_main(argv[2], argv[3]);
	if (argc == 2 && streq(argv[1], "hold"))
		return shim_hold_main();
	if (argc == 2 && streq(argv[1], "userns"))
		return shim_userns_main();
	if (argc > 4 && streq(argv[1], "map"))
		return shim_map_main(argc - 2, argv + 2);
	if (argc > 2 && streq(argv[1], "exec"))
		return shim_exec_main(argc - 2, argv + 2);
	if (argc > 2 && streq(argv[1], "init"))
		return shim_init_main(argc - 2, argv + 2);
	fputs("compose-shim: started by compose, not by hand\n", stderr);
	return 2;
}
