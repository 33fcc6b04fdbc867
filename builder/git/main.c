/* SPDX-License-Identifier: Apache-2.0 */
/* compose-git: see job.h. */
#include "builder/git/checkout.h"

#include "registry/unpack/sandbox.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT_JOB    65536
#define MAPPED_LIMIT (256u << 20)

static int read_job(struct git_job *ret, struct error *err)
{
	autobuf text = { 0 };
	autojson *j = NULL;
	int r;

	buf_init(&text, LIMIT_JOB);
	r = io_read_fd(GIT_FD_JOB, &text, err);
	if (!r)
		r = json_parse(text.p, text.len, "job", &j, err);
	return r < 0 ? r : json_decode(j, git_job_fields, ret, err);
}

/* What resolving names, certificates and known hosts need to read. */
static int confine(int dirfd, const char *local, struct error *err)
{
	const char *home = getenv("HOME");
	autofree char *ssh = home ? path_join(home, ".ssh") : NULL;
	const char *const reads[] = { "/etc", "/usr",  "/lib", "/lib64",
				      "/run", "/proc", ssh,    local };
	int fds[ARRAY_SIZE(reads)], r;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		const char *p = reads[i];
		int fd = p ? open(p, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

		if (fd >= 0)
			fds[n++] = fd;
	}
	r = sandbox_enter_reading(dirfd, fds, n, err);
	while (n)
		fd_close(fds[--n]);
	return r;
}

static int set_up_git(struct error *err)
{
	static const git_config_level_t levels[] = { GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
						     GIT_CONFIG_LEVEL_GLOBAL,
						     GIT_CONFIG_LEVEL_PROGRAMDATA };

	if (git_libgit2_init() < 0)
		return git_fail(err, -1, "libgit2");
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)MAPPED_LIMIT);
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	return 0;
}

/* Which commit it would be. */
static int ask(const struct git_job *job, struct git_answer *ret, struct error *err)
{
	struct remote_access access = { .job = job };
	struct remote_want want = { 0 };
	struct remote remote = { 0 };
	int r = remote_open(&access, NULL, job->url, &remote, err);

	if (!r)
		r = remote_resolve(&remote, job->ref, &want, err);
	if (!r) {
		ret->commit = xstrdup(want.commit);
		ret->object = xstrdup(want.object);
	}
	remote_want_done(&want);
	remote_close(&remote);
	return r;
}

static int run(const struct git_job *job, struct git_answer *ret, struct error *err)
{
	struct checkout c = { .access.job = job, .dir = job->dir, .err = err };
	autoclose int dirfd = -1;
	int r;

	if (job->dir) {
		dirfd = open(job->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dirfd < 0)
			return error_sys(err, "%s", job->dir);
	}
	r = confine(dirfd, job->local, err);
	if (r < 0)
		return r;
	c.dirfd = dirfd;
	return job->dir ? checkout_run(&c, ret) : ask(job, ret, err);
}

static void answer(struct git_answer *ans, int r, const struct error *err)
{
	autofree char *text = NULL;
	autojson *j = NULL;

	if (r < 0) {
		ans->error = xstrdup(err_code_name(err->code));
		ans->message = utf8_valid(str_of(err->msg)) ? xstrdup(err->msg) : NULL;
	}
	j = json_encode(git_answer_fields, ans);
	text = json_text(j);
	io_write_all(STDOUT_FILENO, text, strlen(text), NULL);
}

int main(void)
{
	struct error err = ERROR_INIT;
	struct git_job job = { 0 };
	struct git_answer ans = { 0 };
	int r;

	umask(022);
	r = read_job(&job, &err);
	if (!r && job.agent)
		setenv("SSH_AUTH_SOCK", job.agent, 1);
	if (!r)
		r = set_up_git(&err);
	if (!r)
		r = run(&job, &ans, &err);
	answer(&ans, r, &err);
	json_free_fields(git_answer_fields, &ans);
	json_free_fields(git_job_fields, &job);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
