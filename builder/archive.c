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

static void ask(struct step *s, const struct add_job *job, int archive, task_done_fn done)
{
	json_decref(s->copy->answer);
	s->copy->answer = NULL;
	lseek(archive, 0, SEEK_SET);
	s->task = aide_start(s->run->build->task.loop, "compose-add",
			     json_encode(add_job_fields, job), archive, &s->copy->answer);
	task_on_done(s->task, done, s);
}

static void unpacked(struct task *t, int r, void *userdata)
{
	struct step *s = userdata;
	struct error err = t->err;

	if (r < 0)
		error_wrap(&err, "%s", s->copy->picks.v[s->copy->next].base);
	s->task = task_unref(s->task);
	copy_go_on(s, true, r, &err);
}

static int open_archive(struct step *s, int *ret_fd, struct error *err)
{
	const struct copy_pick *pick = &s->copy->picks.v[s->copy->next];
	const char *slash = strrchr(pick->path, '/');
	autofree char *parent = xstrndup(pick->path, (size_t)(slash - pick->path));
	autotreedir dir = { 0 };
	struct stat st;
	size_t at;
	int r = tree_enter(s->copy->source.tree, parent, &dir, err);

	if (!r)
		r = tree_dir_stat(&dir, slash + 1, &st, &at, err);
	if (!r)
		r = error_set(err, ERR_NOT_FOUND, "%s went away while it was read", pick->path);
	return r < 0 ? r : tree_dir_open_file(&dir, slash + 1, at, ret_fd, err);
}

static void probed(struct task *t, int r, void *userdata)
{
	struct step *s = userdata;
	struct error err = t->err;
	struct add_job job = { 0 };
	autoclose int fd = -1;
	bool none = r >= 0 && json_flag(s->copy->answer, "none");

	s->task = task_unref(s->task);
	if (r >= 0 && !none && !s->run->build->failed) {
		r = open_archive(s, &fd, &err);
		if (r >= 0)
			r = describe(s, &job, &err);
		if (r >= 0)
			ask(s, &job, fd, unpacked);
		json_free_fields(add_job_fields, &job);
		if (r >= 0)
			return;
	}
	copy_go_on(s, false, r, &err);
}

int archive_add(struct step *s, const struct copy_pick *pick, struct error *err)
{
	const struct add_job probe = { 0 };
	autoclose int fd = -1;
	unsigned char head[TAR_HEADER];
	ssize_t n;
	int r;

	if (!S_ISREG(pick->st.st_mode))
		return 0;
	r = open_archive(s, &fd, err);
	if (r < 0)
		return r;
	n = pread(fd, head, sizeof(head), 0);
	if (n <= 0 || !looks_packed(head, (size_t)n))
		return n < 0 ? error_sys(err, "%s", pick->path) : 0;
	ask(s, &probe, fd, probed);
	return 1;
}
