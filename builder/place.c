/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of an upper layer: what is written in overlayfs's form over what lies below. */
#include "builder/tree.h"

#include "util/filenote.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

void place_done(struct place *p)
{
	p->fd = fd_close(p->fd);
	tree_dir_done(&p->lower);
}

/* Owner, mode, attributes and times of a directory, as a copy-up by overlayfs has them. */
static int copy_dir_metadata(const struct tree_dir *lower, const struct place *p, struct error *err)
{
	int from = lower->fds[0], to = p->fd;
	struct stat st;

	if (filenote_fstat(from, lower->noted, &st) < 0)
		return error_sys(err, "stat a directory");
	if (filenote_own(to, p->noted, st.st_uid, st.st_gid, st.st_mode & 07777) < 0)
		return error_sys(err, "set the owner of a directory");
	if (tree_copy_xattrs(from, to, p->noted, err) < 0)
		return -ERR_SYS;
	if (futimens(to, (struct timespec[]){ st.st_atim, st.st_mtim }) < 0)
		return error_sys(err, "set the times of a directory");
	return 0;
}

int place_root(const struct tree *lower, const char *upper, struct place *ret, struct error *err)
{
	struct place p = PLACE_INIT;
	int r = tree_root(lower, &p.lower, err);

	if (r < 0)
		return r;
	p.fd = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p.noted = p.fd >= 0 && filenote_tree(p.fd);
	if (p.fd < 0)
		r = error_sys(err, "%s", upper);
	else if (p.lower.n)
		r = copy_dir_metadata(&p.lower, &p, err);
	else if (fchmod(p.fd, 0755) < 0)
		r = error_sys(err, "%s", upper);
	if (r < 0)
		place_done(&p);
	else
		*ret = p;
	return r;
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* 1 there, 0 not (errno ENOENT), of the upper layer alone. */
static int stat_upper(const struct place *p, const char *name, struct stat *st, struct error *err)
{
	if (!filenote_stat(p->fd, name, p->noted, st))
		return 1;
	return errno == ENOENT ? 0 : error_sys(err, "%s", name);
}

int place_stat(const struct place *p, const char *name, struct stat *ret, struct error *err)
{
	size_t at;
	int r = stat_upper(p, name, ret, err);

	if (r)
		return r < 0 ? r : !is_whiteout(ret);
	return tree_dir_stat(&p->lower, name, ret, &at, err);
}

/* What lies below a directory of that name: none when there is no directory. */
static int enter_lower(const struct place *p, const char *name, struct tree_dir *ret,
		       struct error *err)
{
	struct stat st;
	size_t at;
	int r = tree_dir_stat(&p->lower, name, &st, &at, err);

	if (r <= 0 || !S_ISDIR(st.st_mode))
		return r < 0 ? r : 0;
	return tree_dir_enter(&p->lower, name, ret, err);
}

static int open_upper(const struct place *p, const char *name, struct place *ret, struct error *err)
{
	ret->noted = p->noted;
	ret->fd = openat(p->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return ret->fd < 0 ? error_sys(err, "%s", name) : 0;
}

int place_enter(const struct place *p, const char *name, struct place *ret, struct error *err)
{
	struct place sub = PLACE_INIT;
	struct stat st;
	int r = stat_upper(p, name, &st, err);
	bool there = r > 0;

	if (r >= 0)
		r = enter_lower(p, name, &sub.lower, err);
	if (r >= 0 && !there && mkdirat(p->fd, name, 0700) < 0)
		r = error_sys(err, "%s", name);
	if (r >= 0)
		r = open_upper(p, name, &sub, err);
	if (r >= 0 && !there && sub.lower.n)
		r = copy_dir_metadata(&sub.lower, &sub, err);
	if (r >= 0 && there && sub.lower.n && filenote_is_opaque(sub.fd))
		tree_dir_done(&sub.lower);
	if (r < 0)
		place_done(&sub);
	else
		*ret = sub;
	return r < 0 ? r : 0;
}

int place_set_opaque(int fd, struct error *err)
{
	if (filenote_set_opaque(fd) < 0)
		return error_sys(err, "mark a directory as opaque");
	return 0;
}

/* Over a directory that was removed a new one must not show what the old one had. */
static int hide_lower(const struct place *p, const char *name, int fd, struct error *err)
{
	struct stat st;
	size_t at;
	int r = tree_dir_stat(&p->lower, name, &st, &at, err);

	if (r <= 0 || !S_ISDIR(st.st_mode))
		return r < 0 ? r : 0;
	return place_set_opaque(fd, err);
}

int place_mkdir(const struct place *p, const char *name, struct place *ret, struct error *err)
{
	struct place sub = PLACE_INIT;
	struct stat st;
	int r = stat_upper(p, name, &st, err);

	if (r > 0 && is_whiteout(&st) && unlinkat(p->fd, name, 0) < 0)
		r = error_sys(err, "%s", name);
	if (r >= 0 && mkdirat(p->fd, name, 0700) < 0)
		r = error_sys(err, "%s", name);
	if (r >= 0)
		r = open_upper(p, name, &sub, err);
	if (r >= 0)
		r = hide_lower(p, name, sub.fd, err);
	if (r < 0)
		place_done(&sub);
	else
		*ret = sub;
	return r < 0 ? r : 0;
}

int place_clear(const struct place *p, const char *name, struct error *err)
{
	struct stat st;
	int r = stat_upper(p, name, &st, err);

	if (r <= 0)
		return r;
	if (S_ISDIR(st.st_mode))
		return path_remove_tree(p->fd, name, err);
	return unlinkat(p->fd, name, 0) < 0 ? error_sys(err, "%s", name) : 0;
}

int place_remove(const struct place *p, const char *name, struct error *err)
{
	struct stat st;
	size_t at;
	int r = place_clear(p, name, err);

	if (!r)
		r = tree_dir_stat(&p->lower, name, &st, &at, err);
	if (r <= 0)
		return r;
	if (filenote_mknod(p->fd, name, p->noted, S_IFCHR, makedev(0, 0)) < 0)
		return error_sys(err, "%s: make a whiteout", name);
	return 0;
}

static int copy_xattr(int from, int to, bool noted, const char *name, const char *as, void *value,
		      struct error *err)
{
	ssize_t size = fgetxattr(from, name, value, XATTR_SIZE_MAX);

	if (size < 0)
		return error_sys(err, "read the attribute %s", name);
	if (filenote_setxattr(to, noted, as, value, (size_t)size) < 0 && errno != ENOTSUP)
		return error_sys(err, "set the attribute %s", as);
	return 0;
}

int tree_copy_xattrs(int from, int to, bool noted, struct error *err)
{
	autofree char *names = NULL, *value = NULL;
	ssize_t n = flistxattr(from, NULL, 0);
	int r = 0;

	if (n <= 0)
		return n == 0 || errno == ENOTSUP ? 0 : error_sys(err, "list attributes");
	names = xalloc((size_t)n, 1);
	value = xalloc(XATTR_SIZE_MAX, 1);
	n = flistxattr(from, names, (size_t)n);
	for (const char *p = names; !r && n > 0 && p < names + n; p += strlen(p) + 1) {
		const char *as = filenote_xattr(p);

		if (as)
			r = copy_xattr(from, to, noted, p, as, value, err);
	}
	return r;
}
