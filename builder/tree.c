/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/tree.h"

#include "util/filenote.h"
#include "util/io.h"
#include "util/path.h"
#include "util/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

struct tree {
	struct tree_dir root;
};

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static int open_dir_at(int dirfd, const char *name)
{
	return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void dir_push(struct tree_dir *d, int fd)
{
	d->fds = xrealloc(d->fds, d->n + 1, sizeof(*d->fds));
	d->fds[d->n++] = fd;
}

void tree_dir_done(struct tree_dir *d)
{
	for (size_t i = 0; i < d->n; i++)
		fd_close(d->fds[i]);
	free(d->fds);
	*d = (struct tree_dir){ 0 };
}

int tree_open(const struct strv *layers, struct tree **ret, struct error *err)
{
	autocall(tree_freep) struct tree *t = xnew(struct tree);

	for (size_t i = layers->n; i > 0; i--) {
		int fd = open(layers->v[i - 1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return error_sys(err, "%s", layers->v[i - 1]);
		dir_push(&t->root, fd);
		t->root.noted = t->root.noted || filenote_tree(fd);
	}
	*ret = TAKE_PTR(t);
	return 0;
}

struct tree *tree_free(struct tree *t)
{
	if (!t)
		return NULL;
	tree_dir_done(&t->root);
	free(t);
	return NULL;
}

static int dir_copy(const struct tree_dir *from, struct tree_dir *ret, struct error *err)
{
	autotreedir d = { .noted = from->noted };

	for (size_t i = 0; i < from->n; i++) {
		int fd = fcntl(from->fds[i], F_DUPFD_CLOEXEC, 0);

		if (fd < 0)
			return error_sys(err, "duplicate a directory");
		dir_push(&d, fd);
	}
	*ret = d;
	d = (struct tree_dir){ 0 };
	return 0;
}

int tree_root(const struct tree *t, struct tree_dir *ret, struct error *err)
{
	return dir_copy(&t->root, ret, err);
}

/* From layer `from` on. */
static int stat_from(const struct tree_dir *d, size_t from, const char *name, struct stat *ret,
		     size_t *ret_at, struct error *err)
{
	for (size_t i = from; i < d->n; i++) {
		if (filenote_stat(d->fds[i], name, d->noted, ret) < 0) {
			if (errno == ENOENT || errno == ENOTDIR)
				continue;
			return error_sys(err, "%s", name);
		}
		if (is_whiteout(ret))
			return 0;
		*ret_at = i;
		return 1;
	}
	return 0;
}

int tree_dir_stat(const struct tree_dir *d, const char *name, struct stat *ret, size_t *ret_at,
		  struct error *err)
{
	return stat_from(d, 0, name, ret, ret_at, err);
}

int tree_dir_enter(const struct tree_dir *d, const char *name, struct tree_dir *ret,
		   struct error *err)
{
	autotreedir sub = { .noted = d->noted };
	struct stat st;
	size_t at = 0;
	int r;

	for (size_t i = 0; i < d->n; i = at + 1) {
		int fd;

		r = stat_from(d, i, name, &st, &at, err);
		if (r < 0)
			return r;
		if (!r)
			break;
		if (!S_ISDIR(st.st_mode)) {
			if (sub.n)
				break;
			return error_set(err, ERR_INVALID, "%s is no directory", name);
		}
		fd = open_dir_at(d->fds[at], name);
		if (fd < 0)
			return error_sys(err, "%s", name);
		dir_push(&sub, fd);
		if (at + 1 < d->n && filenote_is_opaque(fd))
			break;
	}
	if (!sub.n)
		return error_set(err, ERR_NOT_FOUND, "%s is not there", name);
	*ret = sub;
	sub = (struct tree_dir){ 0 };
	return 0;
}

static bool may_be_whiteout(unsigned char type, bool noted)
{
	return type == DT_CHR || type == DT_UNKNOWN || (noted && type == DT_REG);
}

/* Appends the names of one layer's directory; hidden gathers its whiteouts. */
static int list_layer(int dirfd, bool noted, struct strv *names, struct strv *hidden,
		      struct error *err)
{
	int fd = open_dir_at(dirfd, ".");
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		fd_close(fd);
		return error_sys(err, "read a directory");
	}
	for (errno = 0; (e = readdir(dir)); errno = 0) {
		struct stat st;

		if (streq(e->d_name, ".") || streq(e->d_name, ".."))
			continue;
		if (may_be_whiteout(e->d_type, noted) && hidden &&
		    !filenote_stat(dirfd, e->d_name, noted, &st) && is_whiteout(&st))
			strv_push(hidden, e->d_name);
		else
			strv_push(names, e->d_name);
	}
	closedir(dir);
	return errno ? error_sys(err, "read a directory") : 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_sorted(const struct strv *l, const char *s)
{
	return l->n && bsearch(&s, l->v, l->n, sizeof(*l->v), by_bytes);
}

int tree_dir_list(const struct tree_dir *d, struct strv *ret, struct error *err)
{
	autostrv seen = { 0 }, hidden = { 0 };

	for (size_t i = 0; i < d->n; i++) {
		autostrv names = { 0 }, gone = { 0 };
		int r = list_layer(d->fds[i], d->noted, &names, &gone, err);

		if (r < 0)
			return r;
		strv_foreach (s, &names)
			if (!i || (!has_sorted(&seen, s) && !has_sorted(&hidden, s)))
				strv_push(ret, s);
		if (i + 1 < d->n) {
			strv_copy(&seen, ret);
			strv_sort(&seen);
			strv_extend(&hidden, &gone);
			strv_sort(&hidden);
		}
	}
	strv_sort(ret);
	return 0;
}

int tree_dir_open_file(const struct tree_dir *d, const char *name, size_t at, int *ret_fd,
		       struct error *err)
{
	int fd = openat(d->fds[at], name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, "%s", name);
	*ret_fd = fd;
	return 0;
}

int tree_dir_readlink(const struct tree_dir *d, const char *name, size_t at, char **ret,
		      struct error *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(d->fds[at], name, target, sizeof(target));

	if (n < 0)
		return error_sys(err, "%s", name);
	if (n == sizeof(target))
		return error_set(err, ERR_LIMIT, "%s: the link's target is too long", name);
	*ret = xstrndup(target, (size_t)n);
	return 0;
}

/* ---- paths ---- */

struct walk {
	VEC(struct tree_dir) dirs; /* from the root to where we are */
	struct strv names;	   /* of dirs but the root, and of what does not exist below it */
	struct strv todo;	   /* components still to come, the next one last */
	unsigned links;
	struct tree_path *out;
};

static void push_todo(struct walk *w, const char *path)
{
	autostrv parts = { 0 };

	strv_split(&parts, str_of(path), '/');
	for (size_t i = parts.n; i > 0; i--)
		if (*parts.v[i - 1] && !streq(parts.v[i - 1], "."))
			strv_push(&w->todo, parts.v[i - 1]);
}

static void pop_name(struct walk *w)
{
	if (!w->names.n)
		return;
	if (w->dirs.n == w->names.n + 1)
		tree_dir_done(&w->dirs.v[--w->dirs.n]);
	strv_remove(&w->names, w->names.n - 1);
}

static int follow(struct walk *w, const struct tree_dir *d, const char *name, size_t at,
		  struct error *err)
{
	autofree char *target = NULL;
	int r;

	if (++w->links > LIMIT_TREE_LINKS)
		return error_set(err, ERR_INVALID, "%s: too many symlinks, one after the other",
				 name);
	r = tree_dir_readlink(d, name, at, &target, err);
	if (r < 0)
		return r;
	if (target[0] == '/')
		while (w->names.n)
			pop_name(w);
	push_todo(w, target);
	return 0;
}

/* One component that is neither "." nor "..". */
static int walk_name(struct walk *w, const char *name, bool last, bool follow_last,
		     struct error *err)
{
	struct tree_dir sub;
	struct stat st;
	size_t at;
	int r;

	if (w->names.n >= LIMIT_TREE_DEPTH)
		return error_set(err, ERR_LIMIT, "a path of more than %d directories",
				 LIMIT_TREE_DEPTH);
	w->out->exists = false;
	if (w->dirs.n != w->names.n + 1) {
		strv_push(&w->names, name);
		return 0;
	}
	r = tree_dir_stat(&w->dirs.v[w->dirs.n - 1], name, &st, &at, err);
	if (r < 0)
		return r;
	if (r && S_ISLNK(st.st_mode) && (!last || follow_last))
		return follow(w, &w->dirs.v[w->dirs.n - 1], name, at, err);
	if (r) {
		w->out->exists = true;
		w->out->st = st;
		w->out->in_file |= !last && !S_ISDIR(st.st_mode);
	}
	if (r && S_ISDIR(st.st_mode)) {
		r = tree_dir_enter(&w->dirs.v[w->dirs.n - 1], name, &sub, err);
		if (r < 0)
			return r;
		*vec_add(&w->dirs) = sub;
	}
	strv_push(&w->names, name);
	return 0;
}

static int stat_here(struct walk *w, struct error *err)
{
	const struct tree_dir *d;

	w->out->exists = w->dirs.n == w->names.n + 1;
	if (!w->out->exists)
		return 0;
	d = &w->dirs.v[w->dirs.n - 1];
	if (!d->n) {
		w->out->st = (struct stat){ .st_mode = S_IFDIR | 0755 };
		return 0;
	}
	return filenote_fstat(d->fds[0], d->noted, &w->out->st) < 0
		       ? error_sys(err, "stat a directory")
		       : 0;
}

static int walk_all(struct walk *w, bool follow_last, struct error *err)
{
	int r = stat_here(w, err);

	while (!r && w->todo.n) {
		autofree char *name = xstrdup(w->todo.v[w->todo.n - 1]);

		strv_remove(&w->todo, w->todo.n - 1);
		if (streq(name, "..")) {
			pop_name(w);
			r = stat_here(w, err);
			continue;
		}
		r = walk_name(w, name, !w->todo.n, follow_last, err);
		if (!r && !w->todo.n && w->dirs.n == w->names.n + 1)
			r = stat_here(w, err);
	}
	return r;
}

static int walk_start(const struct tree *t, struct walk *w, struct error *err)
{
	struct tree_dir root;
	int r = tree_root(t, &root, err);

	if (!r)
		*vec_add(&w->dirs) = root;
	return r;
}

static void walk_done(struct walk *w)
{
	vec_foreach (d, &w->dirs)
		tree_dir_done(d);
	vec_done(&w->dirs);
	strv_done(&w->names);
	strv_done(&w->todo);
}

int tree_resolve(const struct tree *t, const char *path, bool follow_last, struct tree_path *ret,
		 struct error *err)
{
	struct tree_path out = { 0 };
	struct walk w = { .out = &out };
	int r = walk_start(t, &w, err);

	push_todo(&w, path);
	if (!r)
		r = walk_all(&w, follow_last, err);
	if (!r) {
		autofree char *joined = strv_join(&w.names, "/");

		out.path = xprintf("/%s", joined);
		*ret = out;
	}
	walk_done(&w);
	return r;
}

void tree_path_done(struct tree_path *p)
{
	free(p->path);
	*p = (struct tree_path){ 0 };
}

int tree_enter(const struct tree *t, const char *path, struct tree_dir *ret, struct error *err)
{
	autostrv parts = { 0 };
	struct tree_dir d;
	int r = tree_root(t, &d, err);

	strv_split(&parts, str_of(path), '/');
	for (size_t i = 0; !r && i < parts.n; i++) {
		struct tree_dir sub;

		if (!*parts.v[i])
			continue;
		r = tree_dir_enter(&d, parts.v[i], &sub, err);
		tree_dir_done(&d);
		if (!r)
			d = sub;
	}
	if (!r)
		*ret = d;
	return r;
}

int tree_read_file(const struct tree *t, const char *path, size_t max, struct buf *out,
		   struct error *err)
{
	autotreepath p = { 0 };
	autotreedir dir = { 0 };
	autofree char *parent = NULL, *name = NULL;
	autoclose int fd = -1;
	struct stat st;
	size_t at;
	int r = tree_resolve(t, path, true, &p, err);

	if (r < 0 || !p.exists || !S_ISREG(p.st.st_mode))
		return r < 0 ? r : 0;
	parent = path_dir(p.path);
	name = path_base(p.path);
	r = tree_enter(t, parent, &dir, err);
	if (!r)
		r = tree_dir_stat(&dir, name, &st, &at, err);
	if (r > 0)
		r = tree_dir_open_file(&dir, name, at, &fd, err);
	if (r < 0)
		return r;
	buf_init(out, max);
	r = io_read_fd(fd, out, err);
	return r < 0 ? r : 1;
}

int fd_path(int fd, char **ret, struct error *err)
{
	char link[40], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return error_sys(err, "find the path of a directory");
	*ret = xstrndup(path, (size_t)n);
	return 0;
}
