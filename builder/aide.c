/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/aide.h"

#include "event/child.h"
#include "event/loop.h"
#include "event/stream.h"
#include "util/env.h"
#include "util/fd.h"

#include <signal.h>

#define LIMIT_ANSWER 65536

struct aide {
	struct task task;
	char *program;
	struct child child;
	sd_event_source *watch;
	struct line_reader *reader;
	struct buf answer;
	json_t **ret_answer;
	bool exited, eof;
	int code;
};

static void aide_cancel(struct task *t)
{
	struct aide *a = container_of(t, struct aide, task);

	if (!a->exited)
		child_kill(&a->child, SIGKILL);
}

static void aide_free(struct task *t)
{
	struct aide *a = container_of(t, struct aide, task);

	source_unrefp(&a->watch);
	line_reader_free(a->reader);
	fd_close(a->child.pidfd);
	buf_done(&a->answer);
	free(a->program);
	free(a);
}

static const struct task_ops aide_ops = { "helper", aide_cancel, aide_free };

static enum err_code code_of(const char *name)
{
	for (int i = 1; i < ERR_COUNT_; i++)
		if (streq(err_code_name((enum err_code)i), name))
			return (enum err_code)i;
	return ERR_INTERNAL;
}

static int read_answer(struct aide *a, struct error *err)
{
	autojson *j = NULL;
	const char *error, *message;
	int r;

	if (a->task.cancelled)
		return error_set(err, ERR_CANCELLED, "%s: cancelled", a->program);
	if (!a->answer.len || a->answer.failed)
		return error_set(err, ERR_CHILD, "%s ended without an answer (%d)", a->program,
				 a->code);
	r = json_parse(a->answer.p, a->answer.len, a->program, &j, err);
	if (r < 0)
		return r;
	error = json_str(j, "error");
	message = json_str(j, "message");
	if (error)
		return error_set(err, code_of(error), "%s", message ? message : error);
	if (a->ret_answer)
		*a->ret_answer = TAKE_PTR(j);
	return 0;
}

static void check_end(struct aide *a)
{
	struct error err = ERROR_INIT;
	int r;

	if (!a->exited || !a->eof)
		return;
	r = read_answer(a, &err);
	task_end_with(&a->task, r, &err);
}

static void on_line(void *userdata, struct str line, bool whole, bool at_end)
{
	struct aide *a = userdata;

	buf_addstr(&a->answer, line);
	if (at_end) {
		a->eof = true;
		check_end(a);
	}
}

static void on_end(void *userdata, int code, bool signalled)
{
	struct aide *a = userdata;

	a->exited = true;
	a->code = code;
	check_end(a);
}

static int spawn(struct aide *a, const json_t *job, int input, int answers, struct error *err)
{
	autofree char *text = json_text(job), *path = NULL;
	autoclose int fd = -1;
	int r = fd_of_bytes("job", text, strlen(text), &fd, err);

	if (!r)
		r = env_helper(a->program, &path, err);
	if (r < 0)
		return r;
	char *argv[] = { path, NULL };
	const struct child_spec spec = {
		.program = path,
		.argv = argv,
		.stdin_fd = input,
		.stdout_fd = answers,
		.stderr_fd = -1,
		.extra_fds = &fd,
		.n_extra_fds = 1,
		.new_session = true,
	};
	return child_spawn(&spec, &a->child, err);
}

static int start(struct aide *a, const json_t *job, int input, struct error *err)
{
	autoclose int from = -1, to = -1;
	int fds[2], r = fd_pipe(fds, err);

	if (r < 0)
		return r;
	from = fds[0];
	to = fds[1];
	r = spawn(a, job, input, to, err);
	if (!r)
		r = child_watch(a->task.loop, &a->child, on_end, a, &a->watch, err);
	if (!r)
		r = line_reader_new(a->task.loop, TAKE_FD(from), LIMIT_ANSWER, on_line, a,
				    &a->reader, err);
	return r;
}

struct task *aide_start(sd_event *loop, const char *program, json_t *job, int stdin_fd,
			json_t **ret_answer)
{
	struct aide *a = xnew(struct aide);
	struct error err = ERROR_INIT;

	task_init(&a->task, &aide_ops, loop);
	a->program = xstrdup(program);
	a->child = CHILD_INIT;
	a->ret_answer = ret_answer;
	buf_init(&a->answer, LIMIT_ANSWER);
	if (start(a, job, stdin_fd, &err) < 0)
		task_fail(&a->task, &err);
	json_decref(job);
	return &a->task;
}
