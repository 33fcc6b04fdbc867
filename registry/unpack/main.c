/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose-unpack: a layer's bytes on stdin, verified while they are read, into a directory as
 * overlayfs wants it; or an archive of images into plain files. The job and the answer are in
 * registry/layer-job.h.
 */
#include "registry/layer-job.h"
#include "registry/tree-count.h"
#include "registry/unpack/extract.h"
#include "registry/unpack/sandbox.h"
#include "util/env.h"
#include "util/path.h"

#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPE_SIZE (1 << 20)

static int verify(const char *what, const char *want, const char *have, struct error *err)
{
	if (!want || streq(want, have))
		return 0;
	return error_set(err, ERR_CORRUPT,
			 "%s is %s, not %s: the data is damaged or not what it "
			 "says it is",
			 what, have, want);
}

static enum hash_kind digest_kind(const char *digest)
{
	return digest && starts_with(digest, "sha512:") ? HASH_SHA512 : HASH_SHA256;
}

static int run(const struct layer_job *job, struct layer_answer *answer, struct error *err)
{
	autocall(source_freep) struct source *src = NULL;
	struct source_options from = {
		.max_bytes = job->max_bytes,
		.max_ratio = job->max_ratio,
		.packed = digest_kind(job->digest),
		.plain = digest_kind(job->diff_id),
	};
	struct extract_options opt = {
		.plain_files = streq(job->op, LAYER_UNPACK_FILES),
		.max_entries = job->max_entries,
		.max_bytes = job->max_bytes,
	};
	struct extract_result done;
	struct source_result res;
	int r = sandbox_enter(job->dir, err);
	if (r == 0)
		r = source_new(STDIN_FILENO, &from, &src, err);
	if (r == 0)
		r = extract(src, job->dir, &opt, &done, err);
	if (r == 0)
		r = source_finish(src, &res, err);
	if (r == 0)
		r = verify("its digest", job->digest, res.digest, err);
	if (r == 0)
		r = verify("its diff id", job->diff_id, res.diff_id, err);
	if (r == 0)
		r = tree_count(job->dir, ".", &done.entries, err);
	if (r < 0)
		return r;
	*answer = (struct layer_answer){
		.diff_id = xstrdup(res.diff_id),
		.digest = xstrdup(res.digest),
		.compression = xstrdup(res.compression),
		.packed = res.packed,
		.size = res.size,
		.entries = done.entries,
		.bytes = done.bytes,
	};
	return 0;
}

int main(void)
{
	struct error err = ERROR_INIT;
	struct layer_job job = { 0 };
	struct layer_answer answer = { 0 };
	setlocale(LC_CTYPE, "C.UTF-8"); /* names are bytes, and libarchive wants to know which */
	umask(0);
	path_no_openat2 = env_get("COMPOSE_TEST_NO_OPENAT2") != NULL;
	fcntl(STDIN_FILENO, F_SETPIPE_SZ, PIPE_SIZE);
	int r = layer_job_read(&job, &err);
	if (r == 0)
		r = run(&job, &answer, &err);
	layer_answer_write(&answer, r, &err);
	layer_answer_done(&answer);
	layer_job_done(&job);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
