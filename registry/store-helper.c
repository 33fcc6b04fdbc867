/* SPDX-License-Identifier: Apache-2.0 */
/* compose-unpack and compose-pack: the job on a descriptor, one line of answer, the end of the
 * process. */
#include "registry/store-private.h"

#include "event/child.h"
#include "event/stream.h"
#include "util/env.h"

#include <signal.h>
#include <unistd.h>

#define LIMIT_ANSWER 65536
#define FIRST_FD     (LAYER_FD_JOB + 1)
#define HELPER_FDS   4 /* job, lock, dir, out */

struct helper {
	const char *program;
	struct child child;
	sd_event_source *watch;
	struct line_reader *reader;
	struct buf answer;
	bool exited, eof, killed;
	int code;
	helper_done_fn done;
	void *userdata;
};

struct helper *helper_free(struct helper *h)
{
	if (!h)
		return NULL;
	sd_event_source_disable_unref(h->watch);
	line_reader_free(h->reader);
	fd_close(h->child.pidfd);
	buf_done(&h->answer);
	free(h);
	return NULL;
}

static int helper_result(struct helper *h, struct layer_answer *answer, struct error *err)
{
	if (h->answer.len && !h->answer.failed)
		return layer_answer_parse(h->answer.p, h->answer.len, answer, err);
	if (h->killed)
		return error_set(err, ERR_CANCELLED, "%s: cancelled", h->program);
	return error_set(err, ERR_CHILD, "%s ended without an answer (%s %d)", h->program,
			 h->code > 128 ? "signal" : "status",
			 h->code > 128 ? h->code - 128 : h->code);
}

/* done frees the helper, or lets it be. */
static void helper_check(struct helper *h)
{
	struct layer_answer answer = { 0 };
	struct error err = ERROR_INIT;
	if (!h->exited || !h->eof)
		return;
	int r = helper_result(h, &answer, &err);
	h->done(h->userdata, r, &answer, &err);
	layer_answer_done(&answer);
}

static void on_line(void *userdata, struct str line, bool whole, bool at_end)
{
	struct helper *h = userdata;
	buf_addstr(&h->answer, line);
	if (at_end) {
		h->eof = true;
		helper_check(h);
	}
}

static void on_exit_(void *userdata, int code, bool signalled)
{
	struct helper *h = userdata;
	h->exited = true;
	h->code = code;
	helper_check(h);
}

void helper_kill(struct helper *h)
{
	h->killed = true;
	if (!h->exited)
		child_kill(&h->child, SIGKILL);
}

static int job_fd(const struct layer_job *job, int *ret_fd, struct error *err)
{
	autojson *j = json_encode(layer_job_fields, job);
	autofree char *text = json_text(j);
	return fd_of_bytes("job", text, strlen(text), ret_fd, err);
}

/* Descriptors 3 and up: the job, the stage's lock, then what the job names. */
static int spawn(struct store *s, struct helper *h, const struct helper_spec *spec, int answers,
		 struct error *err)
{
	struct layer_job job = spec->job;
	autofree char *path = NULL;
	autoclose int jfd = -1;
	int fds[HELPER_FDS] = { -1, s->stage_fd }, n = 2;
	if (spec->dir >= 0) {
		job.dir = LAYER_FD_JOB + n;
		fds[n++] = spec->dir;
	}
	if (spec->out >= 0) {
		job.out = LAYER_FD_JOB + n;
		fds[n++] = spec->out;
	}
	int r = job_fd(&job, &jfd, err);
	if (r == 0)
		r = env_helper(spec->program, &path, err);
	if (r < 0)
		return r;
	fds[0] = jfd;
	char *argv[] = { path, NULL };
	struct child_spec cs = {
		.program = path,
		.argv = argv,
		.stdin_fd = spec->input,
		.stdout_fd = answers,
		.stderr_fd = -1,
		.extra_fds = fds,
		.n_extra_fds = (size_t)n,
		.new_session = true,
	};
	return child_spawn(&cs, &h->child, err);
}

static int start(struct store *s, sd_event *loop, struct helper *h, const struct helper_spec *spec,
		 struct error *err)
{
	int answers[2] = { -1, -1 };
	int r = stage_open(s, err);
	if (r == 0)
		r = fd_pipe(answers, err);
	if (r < 0)
		return r;
	autoclose int from = answers[0], to = answers[1];
	r = spawn(s, h, spec, to, err);
	if (r == 0)
		r = child_watch(loop, &h->child, on_exit_, h, &h->watch, err);
	if (r == 0)
		r = line_reader_new(loop, TAKE_FD(from), LIMIT_ANSWER, on_line, h, &h->reader, err);
	if (r < 0 && h->child.pid > 0)
		child_kill(&h->child, SIGKILL);
	return r;
}

int helper_start(struct store *s, sd_event *loop, const struct helper_spec *spec,
		 helper_done_fn done, void *userdata, struct helper **ret, struct error *err)
{
	struct helper *h = xnew(struct helper);
	h->program = spec->program;
	h->child = CHILD_INIT;
	h->done = done;
	h->userdata = userdata;
	buf_init(&h->answer, LIMIT_ANSWER);
	int r = start(s, loop, h, spec, err);
	if (r < 0)
		helper_free(h);
	else
		*ret = h;
	return r;
}
