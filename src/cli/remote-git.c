/* SPDX-License-Identifier: Apache-2.0 */
/* Compose files in git repositories: "URL#REF:SUBDIR", of which all files of the commit are kept.
 */
#include "cli/remote.h"

#include "builder/aide.h"
#include "builder/git/job.h"
#include "cli/image.h"
#include "util/path.h"

#include <fcntl.h>
#include <sys/stat.h>

struct git_fetch {
	struct cli *cli;
	struct remote_git source;
	char *shown; /* what messages call it */
	char commit[41];
};

static bool is_commit(const char *s)
{
	return s && strlen(s) == 40 && strspn(s, "0123456789abcdef") == 40;
}

/* compose-git does it: which commit it is, or (dir) its files, into dir/files. */
static int run_git(struct git_fetch *f, char *dir, struct error *err)
{
	struct git_job job = {
		.url = f->source.url,
		.local = (char *)(uintptr_t)skip_prefix(f->source.url, "file://"),
		.ref = f->source.ref,
		.dir = dir,
		.no_submodules = true,
	};
	autojson *answer = NULL;
	const char *commit;
	sd_event *loop;
	int r = cli_loop(f->cli, &loop, err);

	if (r == 0)
		r = cli_wait(f->cli,
			     aide_start(loop, "compose-git", json_encode(git_job_fields, &job), -1,
					&answer),
			     err);
	if (r < 0)
		return r;
	commit = json_str(answer, "commit");
	if (!is_commit(commit))
		return error_set(err, ERR_INTERNAL, "compose-git named no commit");
	memcpy(f->commit, commit, sizeof(f->commit));
	return 0;
}

static int fetch_files(struct git_fetch *f, char **path, struct error *err)
{
	autocall(store_freep) struct store *s = NULL;
	autofree char *dir = NULL, *files = NULL;
	int r = cli_store(f->cli, &s, err);

	if (r == 0)
		r = store_layer_stage(s, &dir, err);
	if (r < 0)
		return r;
	r = run_git(f, dir, err);
	if (r == 0) {
		/* The branch may have moved since it was asked for. */
		free(*path);
		*path = remote_cache_path("git", f->commit);
		files = path_join(dir, "files");
		r = remote_cache_keep(files, *path, err);
	}
	store_layer_unstage(s, dir, NULL);
	return r;
}

/* The file that was meant: itself, or the first of a directory that is there under one of the usual
 * names. */
static int find_file(const struct git_fetch *f, const char *root, char **ret, struct error *err)
{
	static const char *const names[] = { "", "compose.yaml", "compose.yml",
					     "docker-compose.yml", "docker-compose.yaml" };
	const char *sub = f->source.subdir ? f->source.subdir : ".";
	const struct remote as_root = { .root = root };
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *in = path_join(sub, names[i]), *path = path_join(root, in);

		if (stat(path, &st) < 0 || S_ISDIR(st.st_mode))
			continue;
		if (!remote_has(&as_root, path))
			return error_set(err, ERR_INVALID,
					 "%s is a link that leads out of the repository", in);
		*ret = TAKE_PTR(path);
		return 0;
	}
	return error_set(err, ERR_NOT_FOUND, "there is no compose.yaml in %s%s",
			 streq(sub, ".") ? "the repository" : "", streq(sub, ".") ? "" : sub);
}

/* It is the commit that the user wanted, whatever the name stands for now. */
static int check_commit(const struct git_fetch *f, struct error *err)
{
	const char *wanted = f->source.commit;

	if (!wanted || starts_with(f->commit, wanted))
		return 0;
	return error_set(err, ERR_CORRUPT, "%s is the commit %s, not %s",
			 f->source.ref ? f->source.ref : "HEAD", f->commit, wanted);
}

static int fetch(struct git_fetch *f, struct remote_copy *ret, struct error *err)
{
	autofree char *root = NULL, *file = NULL;
	int r = 0;

	if (is_commit(f->source.ref))
		memcpy(f->commit, f->source.ref, sizeof(f->commit));
	else
		r = run_git(f, NULL, err);
	if (r < 0)
		return r;
	root = remote_cache_path("git", f->commit);
	if (!path_exists(root))
		r = fetch_files(f, &root, err);
	if (r == 0)
		r = check_commit(f, err);
	if (r == 0)
		r = find_file(f, root, &file, err);
	if (r < 0)
		return r;
	*ret = (struct remote_copy){
		.root = TAKE_PTR(root),
		.file = TAKE_PTR(file),
		.prefix = xprintf("%s#%s:", f->shown, f->source.ref ? f->source.ref : ""),
	};
	return 0;
}

int remote_git_fetch(struct cli *cli, const char *url, enum remote_kind kind,
		     struct remote_copy *ret, struct error *err)
{
	struct git_fetch f = { .cli = cli };
	int r = remote_git_parse(url, &f.source, err);

	if (r < 0)
		return error_wrap(err, "%s", url);
	f.shown = remote_shown(f.source.url);
	if (!f.source.ref && is_commit(f.source.commit))
		f.source.ref = xstrdup(f.source.commit);
	if (kind == REMOTE_GIT_FILE && f.source.url[strlen("file://")] != '/')
		r = error_set(err, ERR_INVALID, "a file:// names an absolute path");
	if (r == 0)
		r = fetch(&f, ret, err);
	if (r < 0)
		error_wrap(err, "%s", f.shown);
	free(f.shown);
	remote_git_done(&f.source);
	return r;
}
