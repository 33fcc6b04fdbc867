/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/unpack/extract.h"

#include "registry/unpack/entry.h"
#include "registry/unpack/tree.h"
#include "registry/unpack/whiteout.h"
#include "util/fd.h"
#include "util/filenote.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

struct dir_time { /* set at the end: members change it */
	char *path;
	struct timespec mtime;
};

struct extract {
	const struct extract_options *opt;
	struct reader *reader;
	struct tree tree;
	struct entry e;
	VEC(struct dir_time) dirs;
	struct extract_result n;
};

static int complain(const struct extract *x, struct error *err)
{
	return error_sys(err, "unpacking \"%.200s\"", x->e.path);
}

static int set_xattrs(struct extract *x, int fd, struct error *err)
{
	if (x->opt->plain_files)
		return 0;
	vec_foreach (a, &x->e.xattrs) {
		if (filenote_setxattr(fd, x->tree.noted, a->name, a->value, a->n) == 0)
			continue;
		/* A file system without user.* loses them, as it would when the file is copied
		 * there. */
		if (errno == ENOTSUP && starts_with(a->name, "user."))
			continue;
		return error_sys(err, "unpacking \"%.200s\": %s", x->e.path, a->name);
	}
	return 0;
}

/* Owner before mode (chown takes setuid away), both before capabilities (chown takes these too). */
static int set_owner(struct extract *x, int fd, struct error *err)
{
	if (x->opt->plain_files)
		return 0;
	if (filenote_own(fd, x->tree.noted, x->e.uid, x->e.gid, x->e.mode) < 0)
		return complain(x, err);
	return set_xattrs(x, fd, err);
}

static int write_at(struct extract *x, int fd, const char *p, size_t n, int64_t at,
		    struct error *err)
{
	while (n) {
		ssize_t done = pwrite(fd, p, n, at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return complain(x, err);
		p += done;
		n -= (size_t)done;
		at += done;
	}
	return 0;
}

static int write_content(struct extract *x, int fd, struct error *err)
{
	const void *p;
	size_t n;
	int64_t at, end = 0;
	int r;
	while ((r = reader_data(x->reader, &p, &n, &at, err)) > 0) {
		if (at < 0 || (uint64_t)at > x->e.size || n > x->e.size - (uint64_t)at)
			return error_set(err, ERR_CORRUPT, "\"%.200s\": more bytes than its size",
					 x->e.path);
		r = write_at(x, fd, p, n, at, err);
		if (r < 0)
			return r;
		end = at + (int64_t)n;
	}
	if (r == 0 && (uint64_t)end < x->e.size && ftruncate(fd, (off_t)x->e.size) < 0)
		return complain(x, err);
	return r;
}

/* The size counts as it is said, gaps of sparse files too: reading the file will cost that much. */
static int count_bytes(struct extract *x, struct error *err)
{
	if (x->e.size > x->opt->max_bytes - x->n.bytes)
		return error_set(err, ERR_LIMIT, "\"%.200s\": files of more than %llu bytes",
				 x->e.path, (unsigned long long)x->opt->max_bytes);
	x->n.bytes += x->e.size;
	return 0;
}

/* Each of these makes one kind of member: 0, 1 when the name is taken (nothing was done), or -err.
 */

static int taken_or(struct extract *x, struct error *err)
{
	return errno == EEXIST ? 1 : complain(x, err);
}

static int make_file(struct extract *x, int parent, const char *base, struct error *err)
{
	autoclose int fd = openat(parent, base,
				  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return taken_or(x, err);
	int r = count_bytes(x, err);
	if (r == 0)
		r = write_content(x, fd, err);
	if (r == 0)
		r = set_owner(x, fd, err);
	struct timespec t[2] = { x->e.mtime, x->e.mtime };
	if (r == 0 && futimens(fd, t) < 0)
		r = complain(x, err);
	return r;
}

static int make_dir(struct extract *x, int parent, const char *base, struct error *err)
{
	bool opaque = x->tree.was_whiteout;
	if (mkdirat(parent, base, 0700) < 0)
		return taken_or(x, err);
	if (!opaque)
		return 0;
	autoclose int fd = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 || filenote_set_opaque(fd) < 0 ? complain(x, err) : 0;
}

static int set_node(struct extract *x, int parent, const char *base, struct error *err)
{
	struct timespec t[2] = { x->e.mtime, x->e.mtime };
	if (!x->opt->plain_files &&
	    filenote_own_at(parent, base, x->tree.noted, x->e.uid, x->e.gid) < 0)
		return complain(x, err);
	if (utimensat(parent, base, t, AT_SYMLINK_NOFOLLOW) < 0)
		return complain(x, err);
	return 0;
}

static int make_symlink(struct extract *x, int parent, const char *base, struct error *err)
{
	if (!x->e.symlink || !*x->e.symlink)
		return error_set(err, ERR_INVALID, "\"%.200s\": a symlink to nothing", x->e.path);
	if (symlinkat(x->e.symlink, parent, base) < 0)
		return taken_or(x, err);
	return set_node(x, parent, base, err);
}

static int make_node(struct extract *x, int parent, const char *base, struct error *err)
{
	if (x->opt->plain_files)
		return error_set(err, ERR_INVALID, "\"%.200s\": a device in an archive of images",
				 x->e.path);
	if (filenote_mknod(parent, base, x->tree.noted, x->e.type | x->e.mode, x->e.rdev) < 0) {
		/* In a user namespace of our own nobody may make devices; others leave them out
		 * too. */
		if (errno == EPERM && x->e.type != S_IFIFO)
			return 0;
		return taken_or(x, err);
	}
	return set_node(x, parent, base, err);
}

/* Neither end is followed when it is a symlink. */
static int make_link(struct extract *x, int parent, const char *base, struct error *err)
{
	const char *slash = strrchr(x->e.link, '/');
	autofree char *dir = slash ? xstrndup(x->e.link, (size_t)(slash - x->e.link))
				   : xstrdup(".");
	autoclose int from = -1;
	if (streq(x->e.link, x->e.path))
		return 0;
	int r = path_open_in(x->tree.root, PATH_IN_ROOT, dir, O_PATH | O_DIRECTORY, 0, &from, err);
	if (r < 0)
		return error_wrap(err, "unpacking \"%.200s\": hard link", x->e.path);
	if (linkat(from, slash ? slash + 1 : x->e.link, parent, base, 0) == 0)
		return 0;
	if (errno == EEXIST)
		return 1;
	return error_sys(err, "unpacking \"%.200s\": hard link to \"%.200s\"", x->e.path,
			 x->e.link);
}

typedef int (*make_fn)(struct extract *x, int parent, const char *base, struct error *err);

static make_fn maker(const struct entry *e)
{
	if (e->link)
		return *e->link ? make_link : NULL;
	switch (e->type) {
	case S_IFREG:
		return make_file;
	case S_IFDIR:
		return make_dir;
	case S_IFLNK:
		return make_symlink;
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
		return make_node;
	default:
		return NULL;
	}
}

/* Most names are new: so what is in the way is looked for only when making it fails. */
static int place(struct extract *x, int parent, const char *base, struct error *err)
{
	bool dir = S_ISDIR(x->e.type) && !x->e.link;
	make_fn make = maker(&x->e);
	if (!make)
		return error_set(err, ERR_INVALID, "\"%.200s\": a member of an unknown kind",
				 x->e.path);
	x->tree.was_whiteout = false;
	int r = make(x, parent, base, err);
	if (r == 1) {
		r = tree_clear(&x->tree, parent, base, dir, err);
		if (r == 1)
			return 0;
		if (r == 0)
			r = make(x, parent, base, err);
	}
	if (r == 1)
		r = error_set(err, ERR_CONFLICT, "\"%.200s\": somebody else writes here",
			      x->e.path);
	return r;
}

static int finish_dir(struct extract *x, int parent, const char *base, struct error *err)
{
	autoclose int fd = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return complain(x, err);
	*vec_add(&x->dirs) = (struct dir_time){ xstrdup(x->e.path), x->e.mtime };
	return set_owner(x, fd, err);
}

static int extract_member(struct extract *x, struct error *err)
{
	int parent;
	const char *base;
	if (!*x->e.path) /* "./" */
		return S_ISDIR(x->e.type) ? finish_dir(x, x->tree.root, ".", err)
					  : error_set(err, ERR_INVALID, "a member without a name");
	int r = tree_parent(&x->tree, x->e.path, true, &parent, &base, err);
	if (r == 0 && !x->opt->plain_files)
		r = whiteout_apply(&x->tree, parent, base, err);
	if (r != 0)
		return MIN(r, 0);
	r = place(x, parent, base, err);
	if (r == 0 && S_ISDIR(x->e.type) && !x->e.link)
		r = finish_dir(x, parent, base, err);
	return r;
}

/* A name that became something else in the meantime is passed over. */
static int set_dir_time(struct extract *x, const char *path, struct timespec mtime,
			struct error *err)
{
	struct timespec t[2] = { mtime, mtime };
	autoclose int fd = -1;
	if (tree_open_dir(&x->tree, path, &fd, NULL) == 0 && futimens(fd, t) < 0)
		return error_sys(err, "unpacking \"%.200s\"", path);
	return 0;
}

/* Directories that no member is about get no time of the moment: the same archive gives the same
 * tree. */
static int set_dir_times(struct extract *x, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < x->tree.made.n; i++)
		r = set_dir_time(x, x->tree.made.v[i], (struct timespec){ 0 }, err);
	for (size_t i = 0; r == 0 && i < x->dirs.n; i++)
		r = set_dir_time(x, x->dirs.v[i].path, x->dirs.v[i].mtime, err);
	return r;
}

static int extract_all(struct extract *x, struct error *err)
{
	int r;
	while ((r = reader_next(x->reader, &x->e, err)) > 0) {
		if (++x->n.entries > x->opt->max_entries)
			return error_set(err, ERR_LIMIT, "archive of more than %llu members",
					 (unsigned long long)x->opt->max_entries);
		r = extract_member(x, err);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : set_dir_times(x, err);
}

int extract(struct source *src, int dirfd, const struct extract_options *opt,
	    struct extract_result *ret, struct error *err)
{
	struct extract x = { .opt = opt };
	tree_init(&x.tree, dirfd);
	int r = reader_new(src, &x.reader, err);
	if (r == 0)
		r = extract_all(&x, err);
	if (r == 0)
		*ret = x.n;
	reader_free(x.reader);
	tree_done(&x.tree);
	entry_done(&x.e);
	vec_foreach (d, &x.dirs)
		free(d->path);
	vec_done(&x.dirs);
	return r;
}
