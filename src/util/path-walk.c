/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every component is opened by its own name, without following symlinks, from the directory that
 * was reached before it; symlinks are read and put in front of what is left. `..` goes back to the
 * root and down again over the names that were passed, so that a directory which is moved away in
 * between takes nobody out with it.
 */
#include "util/path-walk.h"

#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LIMIT_SYMLINKS 40
#define LIMIT_RACES    128

struct walk {
	int root; /* borrowed */
	enum path_scope scope;
	int flags;
	mode_t mode;
	int at;		    /* the directory reached, O_PATH */
	struct strv passed; /* the names from root to at */
	char *rest;
	unsigned symlinks, races;
};

static int fail(int sys)
{
	errno = sys;
	return -1;
}

static int open_dir(int dirfd, const char *name)
{
	return openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int move_to(struct walk *w, int fd)
{
	if (fd < 0)
		return -1;
	fd_close(w->at);
	w->at = fd;
	return 0;
}

static int to_root(struct walk *w)
{
	strv_done(&w->passed);
	return move_to(w, open_dir(w->root, "."));
}

static int to_parent(struct walk *w)
{
	autoclose int fd = -1;
	int next;

	if (!w->passed.n)
		return w->scope == PATH_BENEATH ? fail(EXDEV) : 0;
	strv_remove(&w->passed, w->passed.n - 1);
	fd = open_dir(w->root, ".");
	for (size_t i = 0; i < w->passed.n && fd >= 0; i++) {
		next = open_dir(fd, w->passed.v[i]);
		fd_close(fd);
		fd = next;
	}
	return move_to(w, TAKE_FD(fd));
}

/* Puts what the symlink says before what is left of the path. */
static int follow(struct walk *w, int link)
{
	char target[PATH_MAX];
	char *rest;
	struct statfs fs;
	ssize_t n;

	if (++w->symlinks > LIMIT_SYMLINKS)
		return fail(ELOOP);
	if (fstatfs(link, &fs) < 0)
		return -1;
	if (fs.f_type == PROC_SUPER_MAGIC)
		return fail(ELOOP);
	n = readlinkat(link, "", target, sizeof(target));
	if (n <= 0 || n == sizeof(target))
		return n < 0 ? -1 : fail(n ? ENAMETOOLONG : ENOENT);
	rest = xprintf("%.*s%s", (int)n, target, w->rest);
	free(w->rest);
	w->rest = rest;
	if (target[0] != '/')
		return 0;
	return w->scope == PATH_BENEATH ? fail(EXDEV) : to_root(w);
}

/* The last component, which is no symlink that is to be followed; ELOOP when it has become one. */
static int open_last(struct walk *w, const char *name, bool must_be_dir)
{
	int flags = w->flags | O_NOFOLLOW | (must_be_dir ? O_DIRECTORY : 0);

	if (must_be_dir && (flags & O_CREAT))
		return fail(EISDIR);
	return openat(w->at, name, flags, w->mode);
}

static bool follows_last(const struct walk *w, bool trailing_slash)
{
	bool exclusive = (w->flags & O_CREAT) && (w->flags & O_EXCL);

	return trailing_slash || !((w->flags & O_NOFOLLOW) || exclusive);
}

static bool is_dot(const char *name)
{
	return streq(name, ".") || streq(name, "..");
}

/* One step: 0 to go on, 1 with *ret_fd at the end, -1 with errno. */
static int step(struct walk *w, const char *name, bool last, bool trailing_slash, int *ret_fd)
{
	autoclose int fd = -1;
	struct stat st;

	if (is_dot(name)) {
		if (streq(name, "..") && to_parent(w) < 0)
			return -1;
		if (last)
			*ret_fd = openat(w->at, ".", w->flags, w->mode);
		return !last ? 0 : *ret_fd < 0 ? -1 : 1;
	}
	fd = openat(w->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && !(last && errno == ENOENT && (w->flags & O_CREAT)))
		return -1;
	if (fd >= 0 && fstat(fd, &st) < 0)
		return -1;
	if (fd >= 0 && S_ISLNK(st.st_mode) && (!last || follows_last(w, trailing_slash)))
		return follow(w, fd);
	if (last) {
		*ret_fd = open_last(w, name, trailing_slash);
		return *ret_fd < 0 ? -1 : 1;
	}
	if (!S_ISDIR(st.st_mode))
		return fail(ENOTDIR);
	strv_push(&w->passed, name);
	return move_to(w, TAKE_FD(fd));
}

/* Takes the next name from rest, which keeps its slashes. NULL: there is none. */
static char *next_name(struct walk *w, bool *last, bool *trailing_slash)
{
	const char *p = w->rest + strspn(w->rest, "/"), *end = p + strcspn(p, "/");
	char *name, *rest;

	if (!*p)
		return NULL;
	*trailing_slash = *end == '/';
	*last = !end[strspn(end, "/")];
	name = xstrndup(p, (size_t)(end - p));
	rest = xstrdup(end);
	free(w->rest);
	w->rest = rest;
	return name;
}

/* Whether a name changed its kind between the look at it and its opening: then it is looked at
 * again. */
static bool raced(struct walk *w, const char *name, bool last)
{
	struct stat st;
	char *rest;

	if (errno != ELOOP || !last || (w->flags & O_NOFOLLOW) || ++w->races > LIMIT_RACES)
		return false;
	if (fstatat(w->at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(st.st_mode) ||
	    w->symlinks > LIMIT_SYMLINKS)
		return false;
	rest = xprintf("%s%s", name, w->rest);
	free(w->rest);
	w->rest = rest;
	return true;
}

static int run(struct walk *w)
{
	bool last = false, trailing_slash = false;
	int fd = -1, r;

	for (;;) {
		autofree char *name = next_name(w, &last, &trailing_slash);

		if (!name)
			return openat(w->at, ".", w->flags, w->mode);
		r = step(w, name, last, trailing_slash, &fd);
		if (r > 0)
			return fd;
		if (r < 0 && !raced(w, name, last))
			return -1;
	}
}

int path_walk(int dirfd, enum path_scope scope, const char *path, int flags, mode_t mode)
{
	struct walk w = { .root = dirfd, .scope = scope, .flags = flags, .mode = mode, .at = -1 };
	int fd = -1, sys;

	if (!*path)
		return fail(ENOENT);
	if (strlen(path) >= PATH_MAX)
		return fail(ENAMETOOLONG);
	if (path[0] == '/' && scope == PATH_BENEATH)
		return fail(EXDEV);
	w.rest = xstrdup(path);
	if (!to_root(&w))
		fd = run(&w);
	sys = errno;
	fd_close(w.at);
	strv_done(&w.passed);
	free(w.rest);
	errno = sys;
	return fd;
}
