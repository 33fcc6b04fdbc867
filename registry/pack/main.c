/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose-pack: a layer directory to its tar, for its diff id alone or also for its bytes; or a tar
 * to a compressed one. The job and the answer are in registry/layer-job.h.
 */
#include "registry/layer-job.h"
#include "registry/pack/sink.h"
#include "registry/pack/walk.h"
#include "registry/unpack/sandbox.h"

#include <errno.h>
#include <unistd.h>

#define CHUNK (256 << 10)

static void set_answer(struct layer_answer *a, const struct sink_result *s,
		       const struct walk_result *w, const struct layer_job *job)
{
	a->diff_id = xstrdup(s->diff_id);
	a->size = s->size;
	a->packed = s->packed;
	a->entries = w->entries;
	a->bytes = w->bytes;
	if (*s->digest) {
		a->digest = xstrdup(s->digest);
		a->compression = xstrdup(job->compression);
	}
}

static int check_diff_id(const struct layer_job *job, const struct sink_result *s,
			 struct error *err)
{
	if (!job->diff_id || streq(job->diff_id, s->diff_id))
		return 0;
	return error_set(err, ERR_CORRUPT, "the layer has changed: its diff id is %s, not %s",
			 s->diff_id, job->diff_id);
}

static int pack_dir(const struct layer_job *job, struct sink *s, struct walk_result *ret,
		    struct error *err)
{
	struct walk_options opt = {
		.clamp = job->clamp,
		.mtime_max = job->mtime_max,
		.max_entries = job->max_entries,
		.max_bytes = job->max_bytes,
	};
	return walk_pack(job->dir, &opt, s, ret, err);
}

static int pack_stdin(struct sink *s, struct error *err)
{
	autofree char *chunk = xalloc(1, CHUNK);
	for (;;) {
		ssize_t n = read(STDIN_FILENO, chunk, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, "reading the layer");
		if (n == 0)
			return 0;
		int r = sink_write(s, chunk, (size_t)n, err);
		if (r < 0)
			return r;
	}
}

static int run(const struct layer_job *job, struct layer_answer *answer, struct error *err)
{
	autocall(sink_freep) struct sink *s = NULL;
	struct walk_result walked = { 0 };
	struct sink_result res;
	int r = sandbox_enter(job->dir ? job->dir : -1, err);
	if (r == 0)
		r = sink_new(job->out ? job->out : -1, job->compression, &s, err);
	if (r < 0)
		return r;
	if (streq(job->op, "pack"))
		r = pack_dir(job, s, &walked, err);
	else if (streq(job->op, "compress"))
		r = pack_stdin(s, err);
	else
		r = error_set(err, ERR_INVALID, "unknown op");
	if (r == 0)
		r = sink_end(s, &res, err);
	if (r == 0)
		r = check_diff_id(job, &res, err);
	if (r == 0)
		set_answer(answer, &res, &walked, job);
	return r;
}

int main(void)
{
	struct error err = ERROR_INIT;
	struct layer_job job = { 0 };
	struct layer_answer answer = { 0 };
	int r = layer_job_read(&job, &err);
	if (r == 0)
		r = run(&job, &answer, &err);
	layer_answer_write(&answer, r, &err);
	layer_answer_done(&answer);
	layer_job_done(&job);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
