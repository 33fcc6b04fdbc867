/* SPDX-License-Identifier: Apache-2.0 */
/* compose-add: see job.h. */
#include "builder/add/apply.h"
#include "builder/add/probe.h"

#include "registry/layer-job.h"
#include "registry/unpack/sandbox.h"
#include "util/fd.h"
#include "util/io.h"

#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT_JOB (1 << 20)

static int read_job(struct add_job *ret, struct error *err)
{
	autobuf text = { 0 };
	autojson *j = NULL;
	int r;

	buf_init(&text, LIMIT_JOB);
	r = io_read_fd(ADD_FD_JOB, &text, err);
	if (!r)
		r = json_parse(text.p, text.len, "job", &j, err);
	return r < 0 ? r : json_decode(j, add_job_fields, ret, err);
}

static int unpack(struct apply *a, struct error *err)
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
	while (!r && (r = reader_next(reader, &e, err)) > 0)
		r = apply_member(a, reader, &e, err);
	entry_done(&e);
	return r < 0 ? r : apply_end(a, err);
}

static int confine(const struct add_job *job, struct error *err)
{
	int fds[LIMIT_SANDBOX_READ], r = 0;
	size_t n = 0;
	autoclose int upper = open(job->upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (upper < 0)
		return error_sys(err, "%s", job->upper);
	strv_foreach (dir, &job->lower) {
		if (n == LIMIT_SANDBOX_READ)
			return error_set(err, ERR_LIMIT, "more than %d layers", LIMIT_SANDBOX_READ);
		fds[n] = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fds[n++] < 0)
			return error_sys(err, "%s", dir);
	}
	r = sandbox_enter_reading(upper, fds, n, err);
	while (n)
		fd_close(fds[--n]);
	return r;
}

static int run(const struct add_job *job, struct error *err)
{
	autocall(apply_freep) struct apply *a = NULL;
	int r = job->upper ? confine(job, err) : sandbox_enter(-1, err);

	if (!r && !job->upper)
		return probe_archive(STDIN_FILENO);
	if (!r)
		r = apply_new(job, &a, err);
	return r < 0 ? r : unpack(a, err);
}

static void answer(int r, const struct error *err)
{
	struct add_answer ans = {
		.error = r < 0 ? (char *)(uintptr_t)err_code_name(err->code) : NULL,
		.message = r < 0 && utf8_valid(str_of(err->msg)) ? (char *)(uintptr_t)err->msg
								 : NULL,
		.none = r > 0,
	};
	autojson *j = json_encode(add_answer_fields, &ans);
	autofree char *text = json_text(j);

	io_write_all(STDOUT_FILENO, text, strlen(text), NULL);
}

int main(void)
{
	struct error err = ERROR_INIT;
	struct add_job job = { 0 };
	int r;

	setlocale(LC_CTYPE, "C.UTF-8"); /* names are bytes, and libarchive wants to know which */
	umask(0);
	r = read_job(&job, &err);
	if (!r)
		r = run(&job, &err);
	answer(r, &err);
	json_free_fields(add_job_fields, &job);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
