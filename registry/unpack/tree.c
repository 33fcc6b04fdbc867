/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/unpack/tree.h"

#include "util/fd.h"
#include "util/filenote.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define DIR_FLAGS (O_PATH | O_DIRECTORY)

void tree_init(struct tree *t, int root)
{
	*t = (struct tree){ .root = root, .fd = -1, .noted = filenote_tree(root) };
}

static void forget(struct tree *t)
{
	free(t->at);
	t->at = NULL;
	t->fd = fd_close(t->fd);
}

void tree_done(struct tree *t)
{
	forget(t);
	strv_done(&t->made);
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

/* The cached directory is the parent of what is cleared, never below it: it stays. */
static int remove_existing(int parent, const char *base, const struct stat *st, struct error *err)
{
	if (S_ISDIR(st->st_mode))
		return path_remove_tree(parent, base, err);
	if (unlinkat(parent, base, 0) < 0)
		return error_sys(err, "removing \"%.200s\"", base);
	return 0;
}

int tree_clear(struct tree *t, int parent, const char *base, bool for_dir, struct error *err)
{
	struct stat st;
	t->was_whiteout = false;
	if (filenote_stat(parent, base, t->noted, &st) < 0)
		return errno == ENOENT ? 0 : error_sys(err, "\"%.200s\"", base);
	if (S_ISDIR(st.st_mode) && for_dir)
		return 1;
	t->was_whiteout = for_dir && is_whiteout(&st);
	return remove_existing(parent, base, &st, err);
}

/* One directory of a path whose beginning is there. A whiteout in its place, by the same archive,
 * means that the lower one is gone: the new one hides it. */
static int make_dir(struct tree *t, int parent, const char *base, struct error *err)
{
	struct stat st;
	bool opaque = false;
	if (filenote_stat(parent, base, t->noted, &st) == 0) {
		if (!is_whiteout(&st))
			return error_set(err, ERR_INVALID,
					 "\"%.200s\" is not a directory, and a member is below it",
					 base);
		opaque = true;
		if (unlinkat(parent, base, 0) < 0)
			return error_sys(err, "removing \"%.200s\"", base);
	}
	if (mkdirat(parent, base, 0755) < 0)
		return error_sys(err, "making directory \"%.200s\"", base);
	if (!opaque)
		return 0;
	autoclose int fd = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 || filenote_set_opaque(fd) < 0 ? error_sys(err, "\"%.200s\"", base) : 0;
}

static bool is_missing(const struct error *e)
{
	return e->sys == ENOENT || e->sys == ENOTDIR;
}

/* Opens dir ("a/b", "" for the root), making what is missing. Depth is bounded by the length of a
 * path. */
static int open_made(struct tree *t, const char *dir, int *ret_fd, struct error *err)
{
	struct error e = ERROR_INIT;
	autoclose int fd = -1, up = -1;
	int r = path_open_in(t->root, PATH_IN_ROOT, *dir ? dir : ".", DIR_FLAGS, 0, ret_fd, &e);
	if (r == 0 || !is_missing(&e) || !*dir) {
		if (r < 0 && err)
			*err = e;
		return r;
	}
	const char *slash = strrchr(dir, '/');
	autofree char *above = slash ? xstrndup(dir, (size_t)(slash - dir)) : xstrdup("");
	r = open_made(t, above, &up, err);
	if (r == 0)
		r = make_dir(t, up, slash ? slash + 1 : dir, err);
	if (r == 0)
		r = path_open_in(t->root, PATH_IN_ROOT, dir, DIR_FLAGS, 0, &fd, err);
	if (r < 0)
		return r;
	strv_push(&t->made, dir);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int tree_parent(struct tree *t, const char *path, bool make, int *ret_fd, const char **ret_base,
		struct error *err)
{
	const char *slash = strrchr(path, '/');
	autofree char *dir = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup("");
	if (!t->at || !streq(t->at, dir)) {
		int fd = -1;
		int r = make ? open_made(t, dir, &fd, err)
			     : path_open_in(t->root, PATH_IN_ROOT, *dir ? dir : ".", DIR_FLAGS, 0,
					    &fd, err);
		if (r < 0)
			return r;
		forget(t);
		t->fd = fd;
		t->at = TAKE_PTR(dir);
	}
	*ret_fd = t->fd;
	*ret_base = slash ? slash + 1 : path;
	return 0;
}

int tree_open_dir(struct tree *t, const char *path, int *ret_fd, struct error *err)
{
	return path_open_in(t->root, PATH_IN_ROOT, *path ? path : ".",
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, ret_fd, err);
}
