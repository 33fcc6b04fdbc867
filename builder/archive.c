/* SPDX-License-Identifier: Apache-2.0 */
/* ADD of local archives. */
#include "builder/add/header.h"
#include "builder/add/job.h"
#include "builder/aide.h"
#include "builder/files.h"

#include "util/path.h"

#include <unistd.h>

/* By its first bytes, whatever it is called. */
static bool looks_packed(const unsigned char *p, size_t n)
{
	static const struct {
		const char *bytes;
		size_t n;
	} magic[] = {
		{ "\x1f\x8b\x08", 3 },
		{ "BZh", 3 },
		{ "\xfd"
		  "7zXZ\0",
		  6 },
		{ "\x28\xb5\x2f\xfd", 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(magic); i++)
		if (n >= magic[i].n && !memcmp(p, magic[i].bytes, magic[i].n))
			return true;
	return n >= TAR_HEADER && tar_is_header(p);
}

/* ---- compose-add ---- */

/* The directory that it goes into, as the helper sees it: the parts of it in the layers, and the
 * one in the upper. */
static int describe(struct step *s, struct add_job *job, struct error *err)
{
	struct copy_job *j = s->copy;
	autofree char *clean = path_clean(j->dest), *real = NULL;
	struct place p = PLACE_INIT;
	int r = copier_mkdirs(j->copier, clean, 0755, j->opt.uid, j->opt.gid, &real, err);

	if (!r)
		r = copier_open(j->copier, real, &p, err);
	for (size_t i = p.lower.n; !r && i > 0; i--) {
		char *path = NULL;

		r = fd_path(p.lower.fds[i - 1], &path, err);
		if (!r)
			strv_take(&job->lower, path);
	}
	if (!r)
		r = fd_path(p.fd, &job->upper, err);
	place_done(&p);
	job->uid = j->opt.uid;
	job->gid = j->opt.gid;
	return r;
}

static void ask(struct step *s, const struct add_job *job, task_done_fn done)
{
	struct copy_job *j = s->copy;

	json_decref(j->answer);
	j->answer = NULL;
	lseek(j->archive, 0, SEEK_SET);
	s->task = aide_start(s->run->build->task.loop, "compose-add",
			     json_encode(add_job_fields, job), j->archive, &j->answer);
	task_on_done(s->task, done, s);
}

static const char *name_of(const struct copy_job *j)
{
	return j->part < j->parts.n ? j->parts.v[j->part].picks.v[j->next].base
				    : j->extras.v[j->next].name;
}

static void unpacked(struct task *t, int r, void *userdata)
{
	struct step *s = userdata;
	struct error err = t->err;

	if (r < 0)
		error_wrap(&err, "%s", name_of(s->copy));
	s->task = task_unref(s->task);
	s->copy->archive = fd_close(s->copy->archive);
	copy_go_on(s, true, r, &err);
}

static void probed(struct task *t, int r, void *userdata)
{
	struct step *s = userdata;
	struct error err = t->err;
	struct add_job job = { 0 };
	bool none = r >= 0 && json_flag(s->copy->answer, "none");

	s->task = task_unref(s->task);
	if (r >= 0 && !none && !s->run->build->failed) {
		r = describe(s, &job, &err);
		if (r >= 0)
			ask(s, &job, unpacked);
		json_free_fields(add_job_fields, &job);
		if (r >= 0)
			return;
	}
	s->copy->archive = fd_close(s->copy->archive);
	copy_go_on(s, false, r, &err);
}

int archive_add(struct step *s, int fd, struct error *err)
{
	const struct add_job probe = { 0 };
	struct copy_job *j = s->copy;
	unsigned char head[TAR_HEADER];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	if (n < 0)
		error_sys(err, "%s", name_of(j));
	if (n <= 0 || !looks_packed(head, (size_t)n)) {
		fd_close(fd);
		return n < 0 ? -(int)err->code : 0;
	}
	fd_close(j->archive);
	j->archive = fd;
	ask(s, &probe, probed);
	return 1;
}
