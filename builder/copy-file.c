/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/copy-file.h"

#include "util/filenote.h"
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct owner {
	uid_t uid;
	gid_t gid;
};

static struct owner owner_of(const struct copier *c, const struct stat *st, bool own)
{
	if (c->opt->uid >= 0)
		return (struct owner){ (uid_t)c->opt->uid, (gid_t)c->opt->gid };
	return own ? (struct owner){ st->st_uid, st->st_gid } : (struct owner){ 0, 0 };
}

static mode_t mode_of(const struct copier *c, const struct stat *st)
{
	return c->opt->chmod ? chmod_apply(c->opt->chmod, st->st_mode) : st->st_mode & 07777;
}

int copy_times(int fd, const char *name, const struct stat *st, struct error *err)
{
	const struct timespec t[2] = { st->st_atim, st->st_mtim };
	int r = name ? utimensat(fd, name, t, AT_SYMLINK_NOFOLLOW) : futimens(fd, t);

	return r < 0 ? error_sys(err, "%s: set its times", name ? name : "directory") : 0;
}

int copy_regular(struct copier *c, const struct place *place, const char *name, int from,
		 const struct stat *st, bool own, struct error *err)
{
	struct owner o = owner_of(c, st, own);
	autoclose int fd = -1;
	struct stat old;
	int r = place_stat(place, name, &old, err);

	if (r > 0 && S_ISDIR(old.st_mode))
		return error_set(err, ERR_INVALID, "%s is a directory: a file cannot replace it",
				 name);
	if (r >= 0)
		r = place_clear(place, name, err);
	if (r < 0)
		return r;
	fd = openat(place->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(err, "%s", name);
	r = io_copy(from, fd, UINT64_MAX, NULL, err);
	if (!r && filenote_own(fd, place->noted, o.uid, o.gid, mode_of(c, st)) < 0)
		r = error_sys(err, "%s: set its owner", name);
	if (!r)
		r = tree_copy_xattrs(from, fd, place->noted, err);
	return r < 0 ? r : copy_times(fd, NULL, st, err);
}

/* Where the walk is, from the root of the upper. Known by the kernel, since places are descriptors.
 */
static int link_first(const struct place *from_dir, const char *from, const struct place *place,
		      const char *name, struct error *err)
{
	int r = place_clear(place, name, err);

	if (!r && linkat(from_dir->fd, from, place->fd, name, 0) < 0)
		r = error_sys(err, "%s: link it to %s", name, from);
	return r;
}

/* A file with several names: the first that is met is copied, the others are links to it. 1: was
 * linked. */
static int try_link(struct copier *c, const struct place *place, const char *name,
		    const struct walk_entry *e, struct error *err)
{
	char key[64];
	const char *first;

	if (e->st.st_nlink < 2 || !c->places.n)
		return 0;
	snprintf(key, sizeof(key), "%llu:%llu", (unsigned long long)e->st.st_dev,
		 (unsigned long long)e->st.st_ino);
	first = strmap_get(&c->inodes, key);
	if (first) {
		int r = link_first(&c->places.v[0], first, place, name, err);

		return r < 0 ? r : 1;
	}
	strmap_set(&c->inodes, key, e->path);
	return 0;
}

static int copy_file(struct copier *c, const struct copy_source *src, const struct place *place,
		     const char *name, const struct walk_entry *e, struct error *err)
{
	autoclose int from = -1;
	int r = try_link(c, place, name, e, err);

	if (r)
		return r < 0 ? r : 0;
	r = tree_dir_open_file(e->dir, e->name, e->at, &from, err);
	return r < 0 ? r : copy_regular(c, place, name, from, &e->st, src->own, err);
}

static int copy_symlink(const struct place *place, const char *name, const struct walk_entry *e,
			struct error *err)
{
	autofree char *target = NULL;
	int r = tree_dir_readlink(e->dir, e->name, e->at, &target, err);

	if (!r && symlinkat(target, place->fd, name) < 0)
		r = error_sys(err, "%s", name);
	return r;
}

static int copy_special(struct copier *c, const struct copy_source *src, const struct place *place,
			const char *name, const struct walk_entry *e, struct error *err)
{
	struct owner o = owner_of(c, &e->st, src->own);
	struct stat old;
	int r = place_stat(place, name, &old, err);

	if (r > 0 && S_ISDIR(old.st_mode))
		return error_set(err, ERR_INVALID, "%s is a directory: a file cannot replace it",
				 name);
	if (r >= 0)
		r = place_clear(place, name, err);
	if (r < 0)
		return r;
	if (S_ISLNK(e->st.st_mode))
		r = copy_symlink(place, name, e, err);
	else if (filenote_mknod(place->fd, name, place->noted, e->st.st_mode & (S_IFMT | 0777),
				e->st.st_rdev) < 0)
		r = error_sys(err, "%s: make a special file", name);
	if (!r && filenote_own_at(place->fd, name, place->noted, o.uid, o.gid) < 0)
		r = error_sys(err, "%s: set its owner", name);
	if (!r && !S_ISLNK(e->st.st_mode) && fchmodat(place->fd, name, mode_of(c, &e->st), 0) < 0)
		r = error_sys(err, "%s: set its mode", name);
	return r < 0 ? r : copy_times(place->fd, name, &e->st, err);
}

int copy_entry(struct copier *c, const struct copy_source *src, const struct place *place,
	       const char *name, const struct walk_entry *e, struct error *err)
{
	if (S_ISSOCK(e->st.st_mode)) /* nobody listens in an image */
		return 0;
	if (S_ISREG(e->st.st_mode))
		return copy_file(c, src, place, name, e, err);
	return copy_special(c, src, place, name, e, err);
}

/* ---- directories ---- */

struct below {
	struct copier *c;
	const struct copy_source *src;
};

static int copy_dir_xattrs(const struct place *p, const struct walk_entry *e, struct error *err)
{
	autoclose int from = openat(e->dir->fds[e->at], e->name,
				    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (from < 0)
		return error_sys(err, "%s", e->path);
	return tree_copy_xattrs(from, p->fd, p->noted, err);
}

static int set_dir(struct below *b, const struct place *p, const struct walk_entry *e,
		   struct error *err)
{
	struct owner o = owner_of(b->c, &e->st, b->src->own);

	if (filenote_own(p->fd, p->noted, o.uid, o.gid, mode_of(b->c, &e->st)) < 0)
		return error_sys(err, "%s: set its owner", e->path);
	return copy_dir_xattrs(p, e, err);
}

static int enter_dir(void *userdata, const struct walk_entry *e, struct error *err)
{
	struct below *b = userdata;
	struct place *top = &b->c->places.v[b->c->places.n - 1], sub = PLACE_INIT;
	struct stat st;
	int r = place_stat(top, e->name, &st, err);

	if (r > 0 && !S_ISDIR(st.st_mode))
		return error_set(err, ERR_INVALID,
				 "%s is no directory there: a directory cannot replace it",
				 e->path);
	if (r > 0)
		r = place_enter(top, e->name, &sub, err);
	else if (!r)
		r = place_mkdir(top, e->name, &sub, err);
	if (!r)
		r = set_dir(b, &sub, e, err);
	*vec_add(&b->c->places) = sub; /* leave_dir, or the end, closes it */
	return r;
}

static int leave_dir(void *userdata, const struct walk_entry *e, struct error *err)
{
	struct below *b = userdata;
	struct place *top = &b->c->places.v[b->c->places.n - 1];
	int r = copy_times(top->fd, NULL, &e->st, err);

	place_done(top);
	b->c->places.n--;
	return r;
}

static int visit_entry(void *userdata, const struct walk_entry *e, struct error *err)
{
	struct below *b = userdata;
	int r = copy_entry(b->c, b->src, &b->c->places.v[b->c->places.n - 1], e->name, e, err);

	return r < 0 && !strstr(err->msg, e->path) ? error_wrap(err, "%s", e->path) : r;
}

int copy_below(struct copier *c, const struct copy_source *src, const struct copy_pick *pick,
	       const struct tree_dir *dir, struct error *err)
{
	const struct walk_filter filter = {
		.ignored = src->ignored,
		.include = pick->include,
		.exclude = c->opt->exclude,
	};
	struct below b = { c, src };
	const struct walk_visitor v = {
		.enter = enter_dir,
		.leave = leave_dir,
		.entry = visit_entry,
		.userdata = &b,
	};

	return walk_tree(dir, pick->path, &filter, &v, err);
}
