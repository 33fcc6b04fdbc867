/* SPDX-License-Identifier: Apache-2.0 */
/* compose-add: see job.h and work.h. */
#include "builder/add/apply.h"
#include "builder/add/context.h"
#include "builder/add/probe.h"
#include "builder/add/work.h"

#include "registry/layer-job.h"
#include "registry/unpack/sandbox.h"
#include "util/fd.h"
#include "util/io.h"

#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT_JOB (64 << 20) /* a COPY of many files names each */

static int read_job(json_t **ret, struct error *err)
{
	autobuf text = { 0 };
	int r;

	buf_init(&text, LIMIT_JOB);
	r = io_read_fd(ADD_FD_JOB, &text, err);
	return r < 0 ? r : json_parse(text.p, text.len, "job", ret, err);
}

static int unpack(struct apply *a, int64_t *newest, struct error *err)
{
	const struct source_options opt = {
		.max_bytes = LIMIT_LAYER_BYTES,
		.max_ratio = LIMIT_LAYER_RATIO,
	};
	autocall(source_freep) struct source *src = NULL;
	autocall(reader_freep) struct reader *reader = NULL;
	struct entry e = { 0 };
	int r = source_new(STDIN_FILENO, &opt, &src, err);

	if (!r)
		r = reader_new(src, &reader, err);
	while (!r && (r = reader_next(reader, &e, err)) > 0) {
		*newest = MAX(*newest, e.mtime.tv_sec);
		r = apply_member(a, reader, &e, err);
	}
	entry_done(&e);
	return r < 0 ? r : apply_end(a, err);
}

static int open_all(const struct strv *dirs, int *fds, size_t *n, struct error *err)
{
	strv_foreach (dir, dirs) {
		if (*n == LIMIT_SANDBOX_READ)
			return error_set(err, ERR_LIMIT, "more than %d layers", LIMIT_SANDBOX_READ);
		fds[*n] = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fds[*n] < 0)
			return error_sys(err, "%s", dir);
		(*n)++;
	}
	return 0;
}

/* Writes below upper (NULL: nowhere), reads below the others. */
static int confine(const char *upper, const struct strv *a, const struct strv *b, struct error *err)
{
	int fds[LIMIT_SANDBOX_READ], r;
	size_t n = 0;
	autoclose int fd = upper ? open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (upper && fd < 0)
		return error_sys(err, "%s", upper);
	r = open_all(a, fds, &n, err);
	if (!r)
		r = open_all(b, fds, &n, err);
	if (!r)
		r = sandbox_enter_reading(fd, fds, n, err);
	while (n)
		fd_close(fds[--n]);
	return r;
}

static const char *message_of(const struct error *err)
{
	return utf8_valid(str_of(err->msg)) ? err->msg : NULL;
}

static json_t *run_add(const json_t *j, int *ret_r, struct error *err)
{
	static const struct strv none = { 0 };
	autocall(apply_freep) struct apply *a = NULL;
	struct add_job job = { 0 };
	struct add_answer ans = { 0 };
	int r = json_decode(j, add_job_fields, &job, err);

	if (!r)
		r = confine(job.upper, &job.lower, &none, err);
	if (!r && job.upper && job.file)
		r = context_begin(&job, &ans.none, err);
	else if (!r && !job.upper)
		ans.none = probe_archive(STDIN_FILENO);
	if (!r && job.upper && !ans.none)
		r = apply_new(&job, &a, err);
	if (!r && job.upper && !ans.none)
		r = unpack(a, &ans.newest, err);
	if (r < 0) {
		ans.error = (char *)(uintptr_t)err_code_name(err->code);
		ans.message = (char *)(uintptr_t)message_of(err);
	}
	*ret_r = r;
	json_free_fields(add_job_fields, &job);
	return json_encode(add_answer_fields, &ans);
}

static json_t *run_work(const json_t *j, int *ret_r, struct error *err)
{
	struct work job = { 0 };
	struct work_answer ans = { 0 };
	json_t *answer;
	int r = json_decode(j, work_fields, &job, err);

	if (!r)
		r = confine(job.upper, &job.source, &job.lower, err);
	if (!r)
		r = work_run(&job, &ans, err);
	if (r < 0) {
		ans.error = xstrdup(err_code_name(err->code));
		ans.message = xstrdup0(message_of(err));
	}
	*ret_r = r;
	answer = json_encode(work_answer_fields, &ans);
	json_free_fields(work_answer_fields, &ans);
	json_free_fields(work_fields, &job);
	return answer;
}

int main(void)
{
	struct error err = ERROR_INIT;
	autojson *job = NULL, *answer = NULL;
	autofree char *text = NULL;
	int r;

	setlocale(LC_CTYPE, "C.UTF-8"); /* names are bytes, and libarchive wants to know which */
	umask(0);
	r = read_job(&job, &err);
	if (!r)
		answer = json_str(job, "op") ? run_work(job, &r, &err) : run_add(job, &r, &err);
	if (answer) {
		text = json_text(answer);
		io_write_all(STDOUT_FILENO, text, strlen(text), NULL);
	}
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
