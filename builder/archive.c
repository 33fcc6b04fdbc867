/* SPDX-License-Identifier: Apache-2.0 */
/* ADD of local archives. */
#include "builder/add/job.h"
#include "builder/files.h"

#include "event/child.h"
#include "event/loop.h"
#include "event/stream.h"
#include "util/env.h"
#include "util/path.h"

#include <signal.h>
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
	return n >= 512 && !memcmp(p + 257, "ustar", 5);
}

/* ---- compose-add ---- */

#define LIMIT_ANSWER 65536

struct unpack {
	struct task task;
	struct child child;
	sd_event_source *watch;
	struct line_reader *reader;
	struct buf answer;
	bool exited, eof, none;
	int code;
};

static void unpack_cancel(struct task *t)
{
	struct unpack *u = container_of(t, struct unpack, task);

	if (!u->exited)
		child_kill(&u->child, SIGKILL);
}

static void unpack_free(struct task *t)
{
	struct unpack *u = container_of(t, struct unpack, task);

	source_unrefp(&u->watch);
	line_reader_free(u->reader);
	fd_close(u->child.pidfd);
	buf_done(&u->answer);
	free(u);
}

static const struct task_ops unpack_ops = { "unpack an archive", unpack_cancel, unpack_free };

static int read_answer(struct unpack *u, struct error *err)
{
	struct add_answer a = { 0 };
	autojson *j = NULL;
	int r;

	if (u->task.cancelled)
		return error_set(err, ERR_CANCELLED, "cancelled");
	if (!u->answer.len || u->answer.failed)
		return error_set(err, ERR_CHILD, "compose-add ended without an answer (%d)",
				 u->code);
	r = json_parse(u->answer.p, u->answer.len, "compose-add", &j, err);
	if (!r)
		r = json_decode(j, add_answer_fields, &a, err);
	if (!r && a.error)
		r = error_set(err, ERR_CORRUPT, "%s", a.message ? a.message : a.error);
	u->none = !r && a.none;
	json_free_fields(add_answer_fields, &a);
	return r;
}

static void check_end(struct unpack *u)
{
	struct error err = ERROR_INIT;
	int r;

	if (!u->exited || !u->eof)
		return;
	r = read_answer(u, &err);
	task_end_with(&u->task, r, &err);
}

static void on_line(void *userdata, struct str line, bool whole, bool at_end)
{
	struct unpack *u = userdata;

	buf_addstr(&u->answer, line);
	if (at_end) {
		u->eof = true;
		check_end(u);
	}
}

static void on_end(void *userdata, int code, bool signalled)
{
	struct unpack *u = userdata;

	u->exited = true;
	u->code = code;
	check_end(u);
}

static int spawn(struct unpack *u, const struct add_job *job, int archive, int answers,
		 struct error *err)
{
	autojson *j = json_encode(add_job_fields, job);
	autofree char *text = json_text(j), *path = NULL;
	autoclose int fd = -1;
	int r = fd_of_bytes("job", text, strlen(text), &fd, err);

	if (!r)
		r = env_helper("compose-add", &path, err);
	if (r < 0)
		return r;
	char *argv[] = { path, NULL };
	const struct child_spec spec = {
		.program = path,
		.argv = argv,
		.stdin_fd = archive,
		.stdout_fd = answers,
		.stderr_fd = -1,
		.extra_fds = &fd,
		.n_extra_fds = 1,
		.new_session = true,
	};
	return child_spawn(&spec, &u->child, err);
}

static int unpack_start(struct unpack *u, const struct add_job *job, int archive, struct error *err)
{
	autoclose int from = -1, to = -1;
	int fds[2], r = fd_pipe(fds, err);

	if (r < 0)
		return r;
	from = fds[0];
	to = fds[1];
	r = spawn(u, job, archive, to, err);
	if (!r)
		r = child_watch(u->task.loop, &u->child, on_end, u, &u->watch, err);
	if (!r)
		r = line_reader_new(u->task.loop, TAKE_FD(from), LIMIT_ANSWER, on_line, u,
				    &u->reader, err);
	return r;
}

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

static struct unpack *unpack_new(struct step *s, const struct add_job *job, int archive)
{
	struct unpack *u = xnew(struct unpack);
	struct error err = ERROR_INIT;

	task_init(&u->task, &unpack_ops, s->run->build->task.loop);
	u->child = CHILD_INIT;
	buf_init(&u->answer, LIMIT_ANSWER);
	if (lseek(archive, 0, SEEK_SET) < 0 || unpack_start(u, job, archive, &err) < 0)
		task_fail(&u->task, &err);
	s->task = &u->task;
	return u;
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
	bool none = container_of(t, struct unpack, task)->none;

	s->task = task_unref(s->task);
	if (r >= 0 && !none && !s->run->build->failed) {
		r = open_archive(s, &fd, &err);
		if (r >= 0)
			r = describe(s, &job, &err);
		if (r >= 0)
			task_on_done(&unpack_new(s, &job, fd)->task, unpacked, s);
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
	unsigned char head[512];
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
	task_on_done(&unpack_new(s, &probe, fd)->task, probed, s);
	return 1;
}
