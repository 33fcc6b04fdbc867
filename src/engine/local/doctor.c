/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/doctor.h"

#include "engine/local/isolation.h"
#include "engine/local/userns.h"
#include "event/child.h"
#include "util/fd.h"
#include "util/io.h"

#include <unistd.h>

#define LIMIT_SAID (64 << 10)

void doctor_add(doctor_findings *v, const char *group, const char *name, enum doctor_state state,
		char *detail, const char *hint)
{
	*vec_add(v) = (struct doctor_finding){ .group = group,
					       .name = xstrdup(name),
					       .state = state,
					       .detail = detail,
					       .hint = xstrdup0(hint) };
}

static bool tells(struct str line)
{
	for (size_t i = 0; i < line.n; i++)
		if (char_is_digit(line.p[i]))
			return true;
	return memmem(line.p, line.n, "version", strlen("version"));
}

/* The first with a version in it (some complain before they say it), else the first. */
static char *telling_line(struct str text)
{
	struct str line, rest = str_trim(text), first;

	str_cut(rest, '\n', &first, &line);
	while (rest.n) {
		str_cut(rest, '\n', &line, &rest);
		if (tells(line))
			return str_dup(line);
	}
	return str_dup(first);
}

int doctor_run(char *const *argv, const char *input, char **ret_line)
{
	struct child_spec spec = { .program = argv[0], .argv = argv, .cwd = "/", .stdin_fd = -1 };
	struct child child = CHILD_INIT;
	autobuf said = { 0 };
	int out[2], in[2] = { -1, -1 }, code = -1;

	buf_init(&said, LIMIT_SAID);
	if (fd_pipe(out, NULL) < 0)
		return -1;
	if (input && fd_pipe(in, NULL) < 0)
		return -1;
	spec.stdin_fd = in[0];
	spec.stdout_fd = spec.stderr_fd = out[1];
	if (child_spawn(&spec, &child, NULL) < 0)
		code = -1;
	fd_close(out[1]);
	fd_close(in[0]);
	if (input && child.pidfd >= 0)
		io_write_all(in[1], input, strlen(input), NULL);
	fd_close(in[1]);
	io_read_fd(out[0], &said, NULL);
	fd_close(out[0]);
	if (child.pidfd >= 0 && child_wait(&child, &code, NULL) < 0)
		code = -1;
	if (ret_line)
		*ret_line = telling_line(buf_str(&said));
	return code;
}

/* ---- the ladder ---- */

struct exam {
	struct task task;
	struct local *l;
	doctor_findings *ret;
	enum isolation rung;
	bool found;
	struct task *probe;
};

static void exam_cancel(struct task *t)
{
	struct exam *x = container_of(t, struct exam, task);

	if (x->probe)
		task_cancel(x->probe);
}

static void exam_free(struct task *t)
{
	struct exam *x = container_of(t, struct exam, task);

	task_unref(x->probe);
	free(x);
}

static const struct task_ops exam_ops = { "doctor", exam_cancel, exam_free };

static const struct {
	const char *what, *hint;
} rungs[ISOLATION_COUNT] = {
	[ISOLATION_USERNS] = { "a container in a user namespace of its own",
			       "root, and a range of ids for root in /etc/subuid and /etc/subgid" },
	[ISOLATION_ROOT] = { "a container of root's", "run as root, with the package crun" },
	[ISOLATION_HOSTNET] = { "a container with this machine's network",
				"the right to make user namespaces, and the packages crun and "
				"uidmap" },
	[ISOLATION_CHROOT] = { "chroot alone",
			       "the capabilities CAP_SYS_CHROOT, CAP_SETUID and CAP_SETGID" },
};

static void next(struct exam *x);

static void on_probed(struct task *t, int r, void *userdata)
{
	struct exam *x = userdata;
	const char *name = isolation_name(x->rung), *what = rungs[x->rung].what;
	bool usual = r >= 0 && !x->found;

	if (r == -ERR_CANCELLED) {
		task_fail(&x->task, &t->err);
		return;
	}
	x->found = x->found || r >= 0;
	doctor_add(x->ret, "RUN", name, r >= 0 ? DOCTOR_YES : DOCTOR_NO,
		   r >= 0 ? xprintf("%s%s", what, usual ? " (the default here)" : "")
			  : xstrdup(t->err.msg),
		   r >= 0 ? NULL : rungs[x->rung].hint);
	x->probe = task_unref(x->probe);
	x->rung++;
	next(x);
}

static void next(struct exam *x)
{
	if (x->rung < ISOLATION_COUNT) {
		x->probe = isolation_probe(x->l, x->rung);
		task_on_done(x->probe, on_probed, x);
		return;
	}
	doctor_add(x->ret, "RUN", "any", x->found ? DOCTOR_YES : DOCTOR_MISSING,
		   xstrdup(x->found ? "Dockerfiles with RUN can be built"
				    : "only Dockerfiles without RUN can be built"),
		   NULL);
	doctor_store(x->l, x->ret);
	doctor_host(x->l, x->ret);
	task_end(&x->task, 0);
}

struct task *local_doctor(struct engine *e, doctor_findings *ret)
{
	struct exam *x = xnew(struct exam);

	task_init(&x->task, &exam_ops, e->loop);
	x->l = local_of(e);
	x->ret = ret;
	next(x);
	return &x->task;
}
