/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/monitor.h"

#include "util/fd.h"
#include "util/io.h"
#include "util/time.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

struct probe {
	struct guard *g;
	struct exec_run run;
	struct buf output;
	int out;
	sd_event_source *exit, *read, *timeout;
	bool timed_out;
};

static void schedule(struct guard *g);

static void probe_free(struct probe *p)
{
	sd_event_source_disable_unref(p->exit);
	sd_event_source_disable_unref(p->read);
	sd_event_source_disable_unref(p->timeout);
	fd_close(p->out);
	exec_done(&p->run);
	buf_done(&p->output);
	free(p);
}

/* The probe's own process is a child of the runtime's, and goes on without it. */
static void kill_probe(struct probe *p)
{
	autofree char *path = xprintf("/proc/%d/task/%d/children", (int)p->run.child.pid,
				      (int)p->run.child.pid);
	autobuf b = { 0 };
	char *end;

	buf_init(&b, 4096);
	if (io_read_file(AT_FDCWD, path, &b, NULL) == 0)
		for (char *s = b.p; *s; s = end) {
			long pid = strtol(s, &end, 10);

			if (end == s || pid <= 0)
				break;
			kill((pid_t)pid, SIGKILL);
		}
	child_kill(&p->run.child, SIGKILL);
}

void health_stop(struct guard *g)
{
	g->probe_timer = sd_event_source_disable_unref(g->probe_timer);
	if (!g->probe)
		return;
	kill_probe(g->probe);
	probe_free(g->probe);
	g->probe = NULL;
}

static void read_output(struct probe *p)
{
	char space[4096];
	ssize_t n;

	while ((n = read(p->out, space, sizeof(space))) > 0)
		buf_add(&p->output, space, MIN((size_t)n, p->output.max - p->output.len));
	if (n == 0)
		p->read = sd_event_source_disable_unref(p->read);
}

static int on_output(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	read_output(userdata);
	return 0;
}

static void result(struct guard *g, bool ok, const char *text)
{
	struct healthcheck_times t = health_times(g->rec.spec.healthcheck);
	struct health_status was = g->health;
	const char *old = was.log;

	health_probed(&t, time_now() - g->started, ok, &g->health);
	snprintf(g->health.log, sizeof(g->health.log), "%s", text);
	if (g->health.health != was.health || g->health.streak != was.streak ||
	    !streq(g->health.log, old))
		health_write(g->m->l->status_fd, g->rec.id, &g->health, NULL);
	schedule(g);
}

static void on_exit_of_probe(void *userdata, int code, bool signalled)
{
	struct probe *p = userdata;
	struct guard *g = p->g;
	struct error err = ERROR_INIT;
	autofree char *text = NULL;

	read_output(p);
	exec_result(&p->run, &code, &err);
	if (p->timed_out)
		text = xstrdup("the probe took longer than its timeout");
	else
		text = xstrdup(err.code ? err.msg : p->output.p);
	probe_free(p);
	g->probe = NULL;
	result(g, !code && !signalled, text);
}

static void on_timeout(void *userdata)
{
	struct probe *p = userdata;

	p->timeout = sd_event_source_disable_unref(p->timeout);
	p->timed_out = true;
	kill_probe(p);
}

/* {"CMD", ...}, {"CMD-SHELL", text}; docker takes any other first word for a program. */
static void argv_of(const struct healthcheck *h, struct strv *ret)
{
	if (streq(h->test.v[0], "CMD-SHELL")) {
		strv_push(ret, "/bin/sh");
		strv_push(ret, "-c");
		strv_push(ret, h->test.n > 1 ? h->test.v[1] : "");
		return;
	}
	for (size_t i = streq(h->test.v[0], "CMD"); i < h->test.n; i++)
		strv_push(ret, h->test.v[i]);
}

static int start_probe(struct probe *p, struct error *err)
{
	struct guard *g = p->g;
	sd_event *loop = g->m->l->engine.loop;
	struct healthcheck_times t = health_times(g->rec.spec.healthcheck);
	struct exec_spec x = { .stdin_fd = -1 };
	int pipe_fds[2], r;

	r = fd_pipe(pipe_fds, err);
	if (r < 0)
		return r;
	p->out = pipe_fds[0];
	x.stdout_fd = x.stderr_fd = pipe_fds[1];
	argv_of(g->rec.spec.healthcheck, &x.argv);
	r = fd_nonblock(p->out, true, err);
	if (r == 0)
		r = exec_start(g->m->l, &g->rec, &x, &p->run, err);
	strv_done(&x.argv);
	fd_close(pipe_fds[1]);
	if (r == 0)
		r = child_watch(loop, &p->run.child, on_exit_of_probe, p, &p->exit, err);
	if (r == 0)
		r = loop_after(loop, t.timeout, on_timeout, p, &p->timeout, err);
	if (r == 0)
		sd_event_add_io(loop, &p->read, p->out, EPOLLIN, on_output, p);
	return r;
}

static void probe(void *userdata)
{
	struct guard *g = userdata;
	autofree char *paused = xprintf("%s.paused", g->rec.id);
	struct error err = ERROR_INIT;
	struct probe *p;

	g->probe_timer = sd_event_source_disable_unref(g->probe_timer);
	if (faccessat(g->m->l->status_fd, paused, F_OK, 0) == 0) {
		schedule(g);
		return;
	}
	p = xnew(struct probe);
	p->g = g;
	p->out = -1;
	p->run = (struct exec_run){ .child = CHILD_INIT, .log = -1 };
	buf_init(&p->output, LIMIT_HEALTH_LOG);
	if (start_probe(p, &err) < 0) {
		probe_free(p);
		result(g, false, err.msg);
		return;
	}
	g->probe = p;
}

static void schedule(struct guard *g)
{
	struct healthcheck_times t = health_times(g->rec.spec.healthcheck);
	int64_t next = health_next(&t, time_now() - g->started, &g->health);

	g->probe_timer = sd_event_source_disable_unref(g->probe_timer);
	loop_after(g->m->l->engine.loop, next, probe, g, &g->probe_timer, NULL);
}

void health_begin(struct guard *g, int64_t started)
{
	health_stop(g);
	g->started = started;
	if (!health_wanted(g->rec.spec.healthcheck))
		return;
	/* A life that an earlier monitor has seen goes on where it was. */
	if (g->health.started != started) {
		g->health = (struct health_status){ .started = started,
						    .health = HEALTH_STARTING,
						    .delay = g->health.delay };
		health_write(g->m->l->status_fd, g->rec.id, &g->health, NULL);
	}
	schedule(g);
}
