/* SPDX-License-Identifier: Apache-2.0 */
#include "event/child.h"

#include "util/fd.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define READ_STEP 65536
#define LIMIT_COMPLAIN \
	512 /* how much of stderr is looked at for the message when it goes nowhere else */

enum { OUT, ERR, N_PIPES };

struct run {
	struct child child;
	struct {
		int fd;		/* our end, -1 after its end */
		struct buf *to; /* may be NULL */
		bool cut;	/* what does not fit is dropped, instead of an error */
	} pipes[N_PIPES];
};

/* Reads once what is there: 0, or -ERR_LIMIT. */
static int drain(struct run *run, int i, struct error *err)
{
	autofree char *p = xrealloc(NULL, READ_STEP, 1);
	ssize_t n = read(run->pipes[i].fd, p, READ_STEP);
	struct buf *to = run->pipes[i].to;
	size_t keep = n > 0 ? (size_t)n : 0;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		run->pipes[i].fd = fd_close(run->pipes[i].fd);
		return 0;
	}
	if (!to)
		return 0;
	if (run->pipes[i].cut)
		keep = MIN(keep, to->max - to->len);
	buf_add(to, p, keep);
	return buf_check(to, "output", err);
}

/* Until the child has ended and its pipes are empty: a grandchild that keeps them open is not
 * waited for. */
static int collect(struct run *run, struct error *err)
{
	struct pollfd p[N_PIPES + 1];
	bool ended = false;
	int r = 0, n = 0;

	while (!r && !(ended && !n)) {
		for (int i = 0; i < N_PIPES; i++)
			p[i] = (struct pollfd){ .fd = run->pipes[i].fd, .events = POLLIN };
		p[N_PIPES] = (struct pollfd){ .fd = ended ? -1 : run->child.pidfd,
					      .events = POLLIN };
		n = poll(p, N_PIPES + 1, ended ? 0 : -1);
		if (n < 0 && errno != EINTR)
			return error_sys(err, "wait");
		for (int i = 0; i < N_PIPES && n > 0 && !r; i++)
			if (p[i].revents)
				r = drain(run, i, err);
		if (n > 0 && p[N_PIPES].revents)
			ended = true;
	}
	return r;
}

static struct str first_line(const struct buf *b)
{
	struct str line, rest = str_trim(buf_str(b));

	str_cut(rest, '\n', &line, &rest);
	return str_trim(line);
}

static int report(const char *program, int code, const struct buf *said, struct error *err)
{
	struct str line = said ? first_line(said) : (struct str){ "", 0 };
	int n = (int)MIN(line.n, (size_t)LIMIT_COMPLAIN);

	if (n)
		error_set(err, ERR_CHILD, "%s: %.*s (status %d)", program, n, line.p, code);
	else
		error_set(err, ERR_CHILD, "%s ended with status %d", program, code);
	if (err)
		err->exit_code = code;
	return -ERR_CHILD;
}

/* The child's stdin, stdout and stderr; those of ours that it gets are closed again by the caller.
 */
static int start(struct run *run, char *const *argv, const void *input, size_t n_input, bool merged,
		 struct error *err)
{
	autoclose int in = -1, out = -1, errors = -1;
	struct child_spec spec = { .program = argv[0], .argv = argv };
	int fds[2], r;

	r = n_input ? fd_of_bytes("input", input, n_input, &in, err) : 0;
	if (!r)
		r = fd_pipe(fds, err);
	if (r < 0)
		return r;
	run->pipes[OUT].fd = fds[0];
	out = fds[1];
	if (!merged) {
		r = fd_pipe(fds, err);
		if (r < 0)
			return r;
		run->pipes[ERR].fd = fds[0];
		errors = fds[1];
	}
	spec.stdin_fd = in;
	spec.stdout_fd = out;
	spec.stderr_fd = merged ? out : errors;
	return child_spawn(&spec, &run->child, err);
}

static void run_done(struct run *run)
{
	int code;

	for (int i = 0; i < N_PIPES; i++)
		fd_close(run->pipes[i].fd);
	if (run->child.pidfd < 0)
		return;
	child_kill(&run->child, SIGKILL);
	child_wait(&run->child, &code, NULL);
}

int child_run(char *const *argv, const void *input, size_t n_input, struct buf *out,
	      struct buf *err_out, struct error *err)
{
	autocall(run_done) struct run run = { .child = CHILD_INIT };
	bool merged = out && !err_out;
	autobuf said;
	int r, code = 0;

	buf_init(&said, LIMIT_COMPLAIN);
	run.pipes[OUT].fd = run.pipes[ERR].fd = -1;
	run.pipes[OUT].to = out;
	run.pipes[ERR].to = err_out ? err_out : &said;
	run.pipes[ERR].cut = !err_out;
	r = start(&run, argv, input, n_input, merged, err);
	if (!r)
		r = collect(&run, err);
	if (!r)
		r = child_wait(&run.child, &code, err);
	if (r < 0)
		return r == -ERR_LIMIT ? error_wrap(err, "%s", argv[0]) : r;
	return code ? report(argv[0], code, merged ? out : run.pipes[ERR].to, err) : 0;
}
