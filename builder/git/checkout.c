/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/git/checkout.h"

#include "builder/git/modules.h"
#include "builder/git/origin.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT_MODULES_FILE (1u << 20)

/* One repository that is being written. */
struct writer {
	struct checkout *c;
	git_repository *repo;
	char *name; /* of the repository in c->dir */
	const char *url;
	git_commit *commit;
	struct timespec time[2];
	struct buf path; /* of the directory at hand, from the root of the repository */
	unsigned depth, nesting;
	unsigned attributes; /* files of that name, from the root to here */
	module_vec modules;
	bool modules_read;
};

static int write_tree(struct writer *w, const git_tree *t, int dirfd);
static int write_module(struct writer *w, const git_tree_entry *e, int dirfd, const char *subdir);

static void writer_done(struct writer *w)
{
	modules_done(&w->modules);
	git_commit_free(w->commit);
	git_repository_free(w->repo);
	buf_done(&w->path);
	free(w->name);
}

/* ---- files ---- */

/* A name that git itself would never have made. */
static bool is_evil(const char *name)
{
	return !*name || streq(name, ".") || streq(name, "..") || strchr(name, '/') ||
	       !strcasecmp(name, ".git");
}

static int write_link(struct writer *w, git_blob *blob, int dirfd, const char *name)
{
	autofree char *target = xstrndup(git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob));

	return symlinkat(target, dirfd, name) < 0 ? error_sys(w->c->err, "%s", name) : 0;
}

/* As .gitattributes of the commit say; NULL: as it is. */
static int filtered(struct writer *w, git_blob *blob, const char *name, git_buf *ret)
{
	git_blob_filter_options opt = GIT_BLOB_FILTER_OPTIONS_INIT;
	autofree char *path = xprintf("%s%s", w->path.p ? w->path.p : "", name);
	int r;

	opt.flags = GIT_BLOB_FILTER_CHECK_FOR_BINARY | GIT_BLOB_FILTER_NO_SYSTEM_ATTRIBUTES |
		    GIT_BLOB_FILTER_ATTRIBUTES_FROM_COMMIT;
	opt.attr_commit_id = *git_commit_id(w->commit);
	r = git_blob_filter(ret, blob, path, &opt);
	return r < 0 ? git_fail(w->c->err, r, path) : 0;
}

static int write_file(struct writer *w, git_blob *blob, int dirfd, const char *name, mode_t mode)
{
	git_buf text = GIT_BUF_INIT;
	const void *p = git_blob_rawcontent(blob);
	size_t n = (size_t)git_blob_rawsize(blob);
	int r = w->attributes ? filtered(w, blob, name, &text) : 0;
	autoclose int fd = -1;

	if (!r && w->attributes) {
		p = text.ptr;
		n = text.size;
	}
	if (!r)
		fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    mode);
	if (!r)
		r = fd < 0 ? error_sys(w->c->err, "%s", name) : io_write_all(fd, p, n, w->c->err);
	git_buf_dispose(&text);
	return r;
}

static int write_blob(struct writer *w, const git_tree_entry *e, int dirfd, const char *name)
{
	git_filemode_t mode = git_tree_entry_filemode(e);
	git_blob *blob = NULL;
	int r = git_blob_lookup(&blob, w->repo, git_tree_entry_id(e));

	if (r < 0)
		return git_fail(w->c->err, r, name);
	w->c->bytes += (uint64_t)git_blob_rawsize(blob);
	if (w->c->bytes > LIMIT_GIT_BYTES || ++w->c->files > LIMIT_GIT_FILES)
		r = error_set(w->c->err, ERR_LIMIT,
			      "the repository has too many files, or too large ones");
	else if (mode == GIT_FILEMODE_LINK)
		r = write_link(w, blob, dirfd, name);
	else
		r = write_file(w, blob, dirfd, name,
			       mode == GIT_FILEMODE_BLOB_EXECUTABLE ? 0755 : 0644);
	git_blob_free(blob);
	if (!r && utimensat(dirfd, name, w->time, AT_SYMLINK_NOFOLLOW) < 0)
		r = error_sys(w->c->err, "%s", name);
	return r;
}

/* ---- directories ---- */

static int make_dir(struct writer *w, int dirfd, const char *name, int *ret_fd)
{
	if (mkdirat(dirfd, name, 0755) < 0)
		return error_sys(w->c->err, "%s", name);
	*ret_fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? error_sys(w->c->err, "%s", name) : 0;
}

static int set_dir_time(struct writer *w, int fd, const char *name)
{
	return futimens(fd, w->time) < 0 ? error_sys(w->c->err, "%s", name) : 0;
}

static int write_sub(struct writer *w, const git_tree_entry *e, int dirfd, const char *name)
{
	size_t len = w->path.len;
	git_tree *sub = NULL;
	autoclose int fd = -1;
	int r = git_tree_lookup(&sub, w->repo, git_tree_entry_id(e));

	if (r < 0)
		return git_fail(w->c->err, r, name);
	if (w->depth >= LIMIT_GIT_DEPTH)
		r = error_set(w->c->err, ERR_LIMIT, "more than %d directories in each other",
			      LIMIT_GIT_DEPTH);
	else
		r = make_dir(w, dirfd, name, &fd);
	w->depth++;
	buf_addf(&w->path, "%s/", name);
	if (!r)
		r = write_tree(w, sub, fd);
	buf_truncate(&w->path, len);
	w->depth--;
	git_tree_free(sub);
	return r < 0 ? r : set_dir_time(w, fd, name);
}

static int write_gitlink(struct writer *w, const git_tree_entry *e, int dirfd, const char *name)
{
	autoclose int fd = -1;
	int r = make_dir(w, dirfd, name, &fd);

	if (!r && !w->c->access.job->no_submodules)
		r = write_module(w, e, fd, NULL);
	return r < 0 ? r : set_dir_time(w, fd, name);
}

static int write_entry(struct writer *w, const git_tree_entry *e, int dirfd)
{
	const char *name = git_tree_entry_name(e);

	if (is_evil(name))
		return error_set(w->c->err, ERR_INVALID,
				 "the repository has a file called \"%.100s\"", name);
	switch (git_tree_entry_type(e)) {
	case GIT_OBJECT_BLOB:
		return write_blob(w, e, dirfd, name);
	case GIT_OBJECT_TREE:
		return write_sub(w, e, dirfd, name);
	case GIT_OBJECT_COMMIT:
		return write_gitlink(w, e, dirfd, name);
	default:
		return error_set(w->c->err, ERR_INVALID, "%s is of an unknown kind", name);
	}
}

static int write_tree(struct writer *w, const git_tree *t, int dirfd)
{
	bool attributes = git_tree_entry_byname(t, ".gitattributes");
	int r = 0;

	w->attributes += attributes;
	for (size_t i = 0; !r && i < git_tree_entrycount(t); i++)
		r = write_entry(w, git_tree_entry_byindex(t, i), dirfd);
	w->attributes -= attributes;
	return r;
}

/* ---- one repository ---- */

static int no_dir(struct writer *w, const char *subdir)
{
	return error_set(w->c->err, ERR_NOT_FOUND, "there is no directory %s in the repository",
			 subdir);
}

/* What `subdir` is below t, part by part: it may lie in a submodule. */
static int write_below(struct writer *w, git_tree *t, const char *subdir, int dirfd)
{
	struct str head, rest;
	autofree char *name = NULL, *after = NULL;
	const git_tree_entry *e;
	git_tree *sub = NULL;
	int r;

	if (!subdir || !*subdir)
		return write_tree(w, t, dirfd);
	str_cut(str_of(subdir), '/', &head, &rest);
	name = str_dup(head);
	after = str_dup(rest);
	e = git_tree_entry_byname(t, name);
	if (e && git_tree_entry_type(e) == GIT_OBJECT_COMMIT && !w->c->access.job->no_submodules)
		return write_module(w, e, dirfd, after);
	if (!e || git_tree_entry_type(e) != GIT_OBJECT_TREE)
		return no_dir(w, subdir);
	r = git_tree_lookup(&sub, w->repo, git_tree_entry_id(e));
	if (r < 0)
		return git_fail(w->c->err, r, name);
	w->attributes += git_tree_entry_byname(t, ".gitattributes") != NULL;
	buf_addf(&w->path, "%s/", name);
	r = write_below(w, sub, after, dirfd);
	git_tree_free(sub);
	return r;
}

static int begin(struct writer *w)
{
	autofree char *path = NULL;
	int r;

	buf_init(&w->path, BUF_MAX_ANY);
	w->name = xprintf("git%u", w->c->repos++);
	path = path_join(w->c->dir, w->name);
	r = git_repository_init(&w->repo, path, true);
	return r < 0 ? git_fail(w->c->err, r, "begin") : 0;
}

static int open_commit(struct writer *w, const struct remote_want *want)
{
	git_object *o = NULL;
	git_oid oid;
	int r = git_oid_fromstr(&oid, want->object);

	if (!r)
		r = git_object_lookup(&o, w->repo, &oid, GIT_OBJECT_ANY);
	if (!r)
		r = git_object_peel((git_object **)&w->commit, o, GIT_OBJECT_COMMIT);
	git_object_free(o);
	if (r < 0)
		return error_set(w->c->err, ERR_NOT_FOUND, "there is no commit %s", want->object);
	w->time[0].tv_sec = w->time[1].tv_sec = git_commit_time(w->commit);
	return 0;
}

static int fetch(struct writer *w, const char *ref, struct remote_want *ret)
{
	struct remote remote = { 0 };
	int r = remote_open(&w->c->access, w->repo, w->url, &remote, w->c->err);

	if (!r)
		r = remote_resolve(&remote, ref, ret, w->c->err);
	if (!r)
		r = remote_fetch(&remote, ret, w->c->err);
	remote_close(&remote);
	return r;
}

static int write_commit(struct writer *w, const char *subdir, int dirfd)
{
	git_tree *t = NULL;
	int r = git_commit_tree(&t, w->commit);

	if (r < 0)
		return git_fail(w->c->err, r, "read the commit");
	r = write_below(w, t, subdir, dirfd);
	git_tree_free(t);
	return r < 0 ? r : set_dir_time(w, dirfd, "files");
}

/* ---- submodules ---- */

/* .gitmodules of the commit; a link of that name is none. */
static int read_modules(struct writer *w)
{
	git_tree *t = NULL;
	git_blob *blob = NULL;
	const git_tree_entry *e;
	int r = git_commit_tree(&t, w->commit);

	if (r < 0)
		return git_fail(w->c->err, r, "read the commit");
	e = git_tree_entry_byname(t, ".gitmodules");
	if (e && git_tree_entry_type(e) == GIT_OBJECT_BLOB &&
	    git_tree_entry_filemode(e) != GIT_FILEMODE_LINK)
		git_blob_lookup(&blob, w->repo, git_tree_entry_id(e));
	if (blob && git_blob_rawsize(blob) <= LIMIT_MODULES_FILE)
		modules_parse(
			(struct str){ git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob) },
			&w->modules);
	git_blob_free(blob);
	git_tree_free(t);
	w->modules_read = true;
	return 0;
}

static int find_module(struct writer *w, const char *path, const struct module **ret)
{
	int r = w->modules_read ? 0 : read_modules(w);

	if (r < 0)
		return r;
	*ret = modules_find(&w->modules, path);
	if (*ret)
		return 0;
	return error_set(w->c->err, ERR_NOT_FOUND,
			 "%s is a submodule, and .gitmodules does not say where it is", path);
}

static int check_nesting(struct writer *w)
{
	if (w->nesting < LIMIT_GIT_NESTING && w->c->repos < LIMIT_GIT_MODULES)
		return 0;
	return error_set(w->c->err, ERR_LIMIT,
			 "more than %d submodules, or more than %d in each other",
			 LIMIT_GIT_MODULES, LIMIT_GIT_NESTING);
}

static int write_module(struct writer *w, const git_tree_entry *e, int dirfd, const char *subdir)
{
	autofree char *path = xprintf("%s%s", w->path.p ? w->path.p : "", git_tree_entry_name(e));
	struct writer sub = { .c = w->c, .nesting = w->nesting + 1, .depth = w->depth };
	struct remote_want want = { 0 };
	autofree char *url = NULL;
	const struct module *m = NULL;
	char commit[GIT_OID_HEXSZ + 1];
	int r = find_module(w, path, &m);

	if (r < 0 || m->skip)
		return r;
	r = check_nesting(w);
	if (!r)
		r = origin_resolve(w->url, m->url, &url, w->c->err);
	sub.url = url;
	if (!r)
		r = begin(&sub);
	if (!r)
		r = fetch(&sub, git_oid_tostr(commit, sizeof(commit), git_tree_entry_id(e)), &want);
	if (!r)
		r = open_commit(&sub, &want);
	if (!r)
		r = write_commit(&sub, subdir, dirfd);
	remote_want_done(&want);
	writer_done(&sub);
	return r < 0 ? error_wrap(w->c->err, "submodule %s", path) : 0;
}

/* ---- all of it ---- */

int checkout_run(struct checkout *c, struct git_answer *ret)
{
	const struct git_job *job = c->access.job;
	struct writer w = { .c = c, .url = job->url };
	struct remote_want want = { 0 };
	autoclose int files = -1;
	char commit[GIT_OID_HEXSZ + 1];
	int r = begin(&w);

	if (!r)
		r = fetch(&w, job->ref, &want);
	if (!r)
		r = open_commit(&w, &want);
	if (!r)
		r = make_dir(&w, c->dirfd, "files", &files);
	if (!r)
		r = write_commit(&w, job->subdir, files);
	if (!r && job->keep_git)
		r = keep_repository(c, w.repo, w.name, &want);
	if (!r) {
		ret->commit = xstrdup(
			git_oid_tostr(commit, sizeof(commit), git_commit_id(w.commit)));
		ret->object = xstrdup(want.object);
	}
	remote_want_done(&want);
	writer_done(&w);
	return r;
}
