/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/git/tree.h"

#include "builder/git/remote.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct writer {
	git_repository *repo;
	struct timespec time[2];
	uint64_t bytes, files;
	unsigned depth;
	struct error *err;
};

static int write_tree(struct writer *w, const git_tree *t, int dirfd);

/* A name that git itself would never have made. */
static bool is_evil(const char *name)
{
	return !*name || streq(name, ".") || streq(name, "..") || strchr(name, '/') ||
	       !strcasecmp(name, ".git");
}

static int write_blob(struct writer *w, const git_tree_entry *e, int dirfd, const char *name)
{
	git_filemode_t mode = git_tree_entry_filemode(e);
	git_blob *blob = NULL;
	autofree char *target = NULL;
	autoclose int fd = -1;
	uint64_t n;
	int r = git_blob_lookup(&blob, w->repo, git_tree_entry_id(e));

	if (r < 0)
		return git_fail(w->err, r, name);
	n = (uint64_t)git_blob_rawsize(blob);
	w->bytes += n;
	if (w->bytes > LIMIT_GIT_BYTES || ++w->files > LIMIT_GIT_FILES) {
		r = error_set(w->err, ERR_LIMIT,
			      "the repository has too many files, or too large ones");
	} else if (mode == GIT_FILEMODE_LINK) {
		target = xstrndup(git_blob_rawcontent(blob), n);
		r = symlinkat(target, dirfd, name) < 0 ? error_sys(w->err, "%s", name) : 0;
	} else {
		fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    mode == GIT_FILEMODE_BLOB_EXECUTABLE ? 0755 : 0644);
		r = fd < 0 ? error_sys(w->err, "%s", name)
			   : io_write_all(fd, git_blob_rawcontent(blob), n, w->err);
	}
	git_blob_free(blob);
	if (!r && utimensat(dirfd, name, w->time, AT_SYMLINK_NOFOLLOW) < 0)
		r = error_sys(w->err, "%s", name);
	return r;
}

static int write_sub(struct writer *w, const git_tree_entry *e, int dirfd, const char *name)
{
	git_tree *sub = NULL;
	autoclose int fd = -1;
	int r = git_tree_lookup(&sub, w->repo, git_tree_entry_id(e));

	if (r < 0)
		return git_fail(w->err, r, name);
	if (w->depth >= LIMIT_GIT_DEPTH)
		r = error_set(w->err, ERR_LIMIT, "more than %d directories in each other",
			      LIMIT_GIT_DEPTH);
	else if (mkdirat(dirfd, name, 0755) < 0)
		r = error_sys(w->err, "%s", name);
	if (!r)
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (!r && fd < 0)
		r = error_sys(w->err, "%s", name);
	w->depth++;
	if (!r)
		r = write_tree(w, sub, fd);
	w->depth--;
	git_tree_free(sub);
	if (!r && futimens(fd, w->time) < 0)
		r = error_sys(w->err, "%s", name);
	return r;
}

static int write_entry(struct writer *w, const git_tree_entry *e, int dirfd)
{
	const char *name = git_tree_entry_name(e);

	if (is_evil(name))
		return error_set(w->err, ERR_INVALID, "the repository has a file called \"%.100s\"",
				 name);
	switch (git_tree_entry_type(e)) {
	case GIT_OBJECT_BLOB:
		return write_blob(w, e, dirfd, name);
	case GIT_OBJECT_TREE:
		return write_sub(w, e, dirfd, name);
	case GIT_OBJECT_COMMIT:
		return error_set(w->err, ERR_UNSUPPORTED,
				 "%s is a submodule, which is not supported yet; add it with an "
				 "ADD of its own",
				 name);
	default:
		return error_set(w->err, ERR_INVALID, "%s is of an unknown kind", name);
	}
}

static int write_tree(struct writer *w, const git_tree *t, int dirfd)
{
	int r = 0;

	for (size_t i = 0; !r && i < git_tree_entrycount(t); i++)
		r = write_entry(w, git_tree_entry_byindex(t, i), dirfd);
	return r;
}

static int find_tree(git_repository *repo, git_commit *commit, const char *subdir, git_tree **ret,
		     struct error *err)
{
	git_tree_entry *e = NULL;
	git_tree *root = NULL;
	int r = git_commit_tree(&root, commit);

	if (r < 0)
		return git_fail(err, r, "read the commit");
	if (!subdir || !*subdir) {
		*ret = root;
		return 0;
	}
	r = git_tree_entry_bypath(&e, root, subdir);
	git_tree_free(root);
	if (r == 0 && git_tree_entry_type(e) == GIT_OBJECT_TREE)
		r = git_tree_lookup(ret, repo, git_tree_entry_id(e));
	else
		r = GIT_ENOTFOUND;
	git_tree_entry_free(e);
	return r < 0 ? error_set(err, ERR_NOT_FOUND, "there is no directory %s in the repository",
				 subdir)
		     : 0;
}

int tree_write(git_repository *repo, const char *commit, const char *subdir, int dirfd,
	       struct error *err)
{
	struct writer w = { .repo = repo, .err = err };
	git_object *obj = NULL, *peeled = NULL;
	git_tree *t = NULL;
	git_oid oid;
	int r = git_oid_fromstr(&oid, commit);

	if (!r)
		r = git_object_lookup(&obj, repo, &oid, GIT_OBJECT_ANY);
	if (!r)
		r = git_object_peel(&peeled, obj, GIT_OBJECT_COMMIT);
	if (r < 0) {
		r = error_set(err, ERR_NOT_FOUND, "there is no commit %s", commit);
	} else {
		w.time[0].tv_sec = w.time[1].tv_sec = git_commit_time((git_commit *)peeled);
		r = find_tree(repo, (git_commit *)peeled, subdir, &t, err);
	}
	if (!r)
		r = write_tree(&w, t, dirfd);
	git_tree_free(t);
	git_object_free(peeled);
	git_object_free(obj);
	if (!r && futimens(dirfd, w.time) < 0)
		r = error_sys(err, "set the times of a directory");
	return r;
}
