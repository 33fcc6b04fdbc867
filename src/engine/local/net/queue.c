/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/state.h"

#include "event/child.h"
#include "event/loop.h"
#include "event/stream.h"
#include "util/env.h"
#include "util/fd.h"

#include <unistd.h>

#define LIMIT_LINE (64 * 1024)
#define LIMIT_JOB  (64 * 1024 * 1024)

/* One compose-net, and the operations that it serves. */
struct net_run {
	struct net *net;
	struct net_op *ops;
	struct child child;
	sd_event_source *watch;
	struct line_reader *reader;
	struct writer *writer;
	int stdin_fd;
	bool ready, done, quiet, ended;
	int code;
	struct error err; /* why all of it failed */
};

static void op_free(struct task *t)
{
	struct net_op *op = container_of(t, struct net_op, task);

	free(op->subject);
	held_free(op->held);
	strv_done(&op->live);
	free(op);
}

static const struct task_ops op_ops = { .name = "network change", .free = op_free };

struct net_op *net_op_new(struct net *n, enum net_op_kind kind, const char *subject)
{
	struct net_op *op = xnew(struct net_op);

	task_init(&op->task, &op_ops, n->loop);
	op->net = n;
	op->kind = kind;
	op->subject = xstrdup(subject);
	return op;
}

/* ---- the end ---- */

static void turn_soon(struct net *n);

/* What could not be plugged is put away like what was; then its owner hears why. */
static void after_failed_plug(struct net_op *op)
{
	op->kind = OP_UNPLUG;
	op->failed = false;
	net_op_queue(op);
}

static void op_end(struct net_run *run, struct net_op *op)
{
	if (op->skip) {
		if (op->kind == OP_PLUG)
			reserve_release(run->net, op->subject, NULL);
		task_fail(&op->task, &op->why);
	} else if (run->err.code) {
		if (op->kind == OP_PLUG)
			reserve_release(run->net, op->subject, NULL);
		task_fail(&op->task, &run->err);
	} else if (op->failed) {
		after_failed_plug(op);
	} else if (op->why.code) {
		task_fail(&op->task, &op->why);
	} else {
		task_end(&op->task, 0);
	}
}

static void run_free(struct net_run *run)
{
	source_unrefp(&run->watch);
	if (run->reader)
		line_reader_free(run->reader);
	if (run->writer)
		writer_free(run->writer);
	fd_close(run->stdin_fd);
	fd_close(run->child.pidfd);
	free(run);
}

static void run_end(struct net_run *run)
{
	struct net *n = run->net;
	struct net_op *op, *next;

	n->run = NULL;
	for (op = run->ops; op; op = next) {
		next = op->next;
		op->next = NULL;
		op_end(run, op);
	}
	run_free(run);
	if (n->first)
		turn_soon(n);
}

static void check_end(struct net_run *run)
{
	if (!run->ended || !run->quiet)
		return;
	if (!run->done && !run->err.code)
		error_set(&run->err, ERR_CHILD, "compose-net ended before its work was done (%d)",
			  run->code);
	run_end(run);
}

/* ---- what it says ---- */

static void on_container(struct net_run *run, const json_t *line)
{
	const char *id = json_str(line, "container"), *text = json_str(line, "error");

	for (struct net_op *op = run->ops; op; op = op->next) {
		if (op->kind != OP_PLUG || !id || !streq(op->subject, id))
			continue;
		error_set(&op->why, ERR_CHILD, "network of container %.12s: %s", id,
			  text ? text : "");
		op->failed = true;
	}
}

static int send_job(struct net_run *run, const json_t *job)
{
	autofree char *text = json_text(job);
	int r;

	r = writer_new(run->net->loop, TAKE_FD(run->stdin_fd), LIMIT_JOB, &run->writer, &run->err);
	if (r == 0)
		r = writer_add(run->writer, text, strlen(text), &run->err);
	if (r == 0)
		writer_end(run->writer, NULL, NULL);
	return r;
}

/* Those that were asked for meanwhile come along, when they need no socket to be passed. */
static void take_late_ones(struct net_run *run)
{
	struct net *n = run->net;
	struct net_op **at = &n->first, **end = &run->ops;

	while (*end)
		end = &(*end)->next;
	while (*at) {
		struct net_op *op = *at;

		if (op->held) {
			at = &op->next;
			continue;
		}
		*at = op->next;
		op->next = NULL;
		*end = op;
		end = &op->next;
	}
	n->last = at;
}

static void on_ready(struct net_run *run, const json_t *line)
{
	autojson *job = NULL;

	run->ready = true;
	take_late_ones(run);
	if (plan_job(run->net, run->ops, line, &job, &run->err) == 0 && job) {
		send_job(run, job);
		return;
	}
	run->done = true; /* without a job it ends */
	run->stdin_fd = fd_close(run->stdin_fd);
}

static void on_json(struct net_run *run, const json_t *line)
{
	struct net *n = run->net;
	const char *note = json_str(line, "note"), *why = json_str(line, "error");

	if (json_flag(line, "ready") && !run->ready)
		on_ready(run, line);
	else if (json_object_get(line, "container"))
		on_container(run, line);
	else if (note && n->note)
		n->note(n->note_userdata, note);
	else if (why && !run->err.code)
		error_set(&run->err, ERR_CHILD, "networks: %s", why);
	else if (json_flag(line, "done"))
		run->done = true;
}

static void on_line(void *userdata, struct str line, bool whole, bool at_end)
{
	struct net_run *run = userdata;
	autojson *j = NULL;

	if (at_end) {
		run->quiet = true;
		check_end(run);
	} else if (whole && json_parse(line.p, line.n, "compose-net", &j, NULL) == 0) {
		on_json(run, j);
	}
}

static void on_exit_of(void *userdata, int code, bool signalled)
{
	struct net_run *run = userdata;

	run->ended = true;
	run->code = code;
	run->child = CHILD_INIT;
	check_end(run);
}

/* ---- the start ---- */

static int spawn(struct net_run *run, int in, int out, struct error *err)
{
	struct net *n = run->net;
	autofree char *program = NULL;
	struct child_spec spec = {
		.stdin_fd = in, .stdout_fd = out, .stderr_fd = -1, .new_session = true
	};
	VEC(int) fds = { 0 };
	int r;

	for (struct net_op *op = run->ops; op; op = op->next)
		if (op->held)
			vec_foreach (p, &op->held->ports)
				*vec_add(&fds) = p->fd;
	r = env_helper("compose-net", &program, err);
	if (r == 0) {
		char *argv[] = { program, n->dir, n->table, NULL };

		spec.program = program;
		spec.argv = argv;
		spec.extra_fds = fds.v;
		spec.n_extra_fds = fds.n;
		r = child_spawn(&spec, &run->child, err);
	}
	vec_done(&fds);
	return r;
}

static int run_start(struct net_run *run, struct error *err)
{
	struct net *n = run->net;
	int in[2], out[2], r;

	r = fd_pipe(in, err);
	if (r < 0)
		return r;
	run->stdin_fd = in[1];
	r = fd_pipe(out, err);
	if (r < 0) {
		fd_close(in[0]);
		return r;
	}
	r = spawn(run, in[0], out[1], err);
	fd_close(in[0]);
	fd_close(out[1]);
	if (r < 0) {
		fd_close(out[0]);
		return r;
	}
	r = line_reader_new(n->loop, out[0], LIMIT_LINE, on_line, run, &run->reader, err);
	if (r == 0)
		r = child_watch(n->loop, &run->child, on_exit_of, run, &run->watch, err);
	return r;
}

static void on_turn(void *userdata)
{
	struct net *n = userdata;
	struct net_run *run;

	source_unrefp(&n->turn);
	if (n->run || !n->first)
		return;
	run = xnew(struct net_run);
	*run = (struct net_run){ .net = n, .ops = n->first, .child = CHILD_INIT, .stdin_fd = -1 };
	n->first = NULL;
	n->last = &n->first;
	n->run = run;
	if (run_start(run, &run->err) < 0)
		run_end(run);
}

/* When the loop turns: by then others may have asked, too. */
static void turn_soon(struct net *n)
{
	if (!n->run && !n->turn)
		loop_after(n->loop, 0, on_turn, n, &n->turn, NULL);
}

void net_op_queue(struct net_op *op)
{
	struct net *n = op->net;

	*n->last = op;
	n->last = &op->next;
	turn_soon(n);
}
