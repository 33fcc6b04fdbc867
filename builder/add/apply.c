/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/add/apply.h"

#include "builder/copy-file.h"
#include "registry/layer-job.h"
#include "util/filenote.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

struct dir_time {
	char *path;
	struct timespec mtime;
};

struct apply {
	const struct add_job *job;
	struct copy_options opt;
	struct copier *c;
	VEC(struct dir_time) dirs;
	uint64_t bytes, entries;
};

int apply_new(const struct add_job *job, struct apply **ret, struct error *err)
{
	autocall(apply_freep) struct apply *a = xnew(struct apply);
	int r;

	a->job = job;
	a->opt = (struct copy_options){ .uid = job->uid, .gid = job->gid };
	r = copier_new(&job->lower, job->upper, &a->opt, &a->c, err);
	if (!r)
		*ret = TAKE_PTR(a);
	return r;
}

struct apply *apply_free(struct apply *a)
{
	if (!a)
		return NULL;
	copier_free(a->c);
	vec_foreach (d, &a->dirs)
		free(d->path);
	vec_done(&a->dirs);
	free(a);
	return NULL;
}

static int complain(const struct entry *e, struct error *err)
{
	return error_sys(err, "unpack \"%.200s\"", e->path);
}

/* The directory that a member goes into, its missing parts made; symlinks in it followed within the
 * root. */
static int open_parent(struct apply *a, const char *path, struct place *ret, struct error *err)
{
	autofree char *whole = xprintf("/%s", path), *parent = path_dir(whole), *real = NULL;
	int r = copier_mkdirs(a->c, parent, 0755, 0, 0, &real, err);

	return r < 0 ? r : copier_open(a->c, real, ret, err);
}

static void owner_of(const struct apply *a, const struct entry *e, uid_t *uid, gid_t *gid)
{
	*uid = a->job->uid >= 0 ? (uid_t)a->job->uid : e->uid;
	*gid = a->job->uid >= 0 ? (gid_t)a->job->gid : e->gid;
}

/* Owner before mode, both before capabilities: each takes away what comes after it. */
static int set_metadata(struct apply *a, int fd, bool noted, const struct entry *e,
			struct error *err)
{
	const struct timespec t[2] = { e->mtime, e->mtime };
	uid_t uid;
	gid_t gid;

	owner_of(a, e, &uid, &gid);
	if (filenote_own(fd, noted, uid, gid, e->mode) < 0)
		return complain(e, err);
	vec_foreach (x, &e->xattrs)
		if (filenote_setxattr(fd, noted, x->name, x->value, x->n) < 0 && errno != ENOTSUP)
			return complain(e, err);
	return futimens(fd, t) < 0 ? complain(e, err) : 0;
}

/* ---- kinds of members ---- */

static int write_block(int fd, const char *p, size_t n, int64_t at, const struct entry *e,
		       struct error *err)
{
	while (n) {
		ssize_t done = pwrite(fd, p, n, at);

		if (done < 0 && errno != EINTR)
			return complain(e, err);
		if (done > 0) {
			p += done;
			n -= (size_t)done;
			at += done;
		}
	}
	return 0;
}

static int write_content(struct apply *a, struct reader *r, int fd, const struct entry *e,
			 struct error *err)
{
	const void *p;
	int64_t at;
	size_t n;
	int res;

	if (e->size > LIMIT_LAYER_BYTES - a->bytes)
		return error_set(err, ERR_LIMIT, "\"%.200s\": files of more than %llu bytes",
				 e->path, LIMIT_LAYER_BYTES);
	a->bytes += e->size;
	while ((res = reader_data(r, &p, &n, &at, err)) > 0) {
		if (at < 0 || (uint64_t)at > e->size || n > e->size - (uint64_t)at)
			return error_set(err, ERR_CORRUPT, "\"%.200s\": more bytes than its size",
					 e->path);
		res = write_block(fd, p, n, at, e, err);
		if (res < 0)
			return res;
	}
	if (!res && ftruncate(fd, (off_t)e->size) < 0)
		return complain(e, err);
	return res;
}

static int add_file(struct apply *a, struct reader *r, const struct place *p, const char *name,
		    const struct entry *e, struct error *err)
{
	autoclose int fd = -1;
	int res = place_clear(p, name, err);

	if (res < 0)
		return res;
	fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return complain(e, err);
	res = write_content(a, r, fd, e, err);
	return res < 0 ? res : set_metadata(a, fd, p->noted, e, err);
}

static int add_dir(struct apply *a, const struct place *p, const char *name, const struct entry *e,
		   struct error *err)
{
	struct place sub = PLACE_INIT;
	struct stat st;
	int r = place_stat(p, name, &st, err);

	if (r > 0 && S_ISDIR(st.st_mode)) {
		r = place_enter(p, name, &sub, err);
	} else if (r >= 0) {
		r = place_clear(p, name, err);
		if (!r)
			r = place_mkdir(p, name, &sub, err);
	}
	if (!r)
		r = set_metadata(a, sub.fd, sub.noted, e, err);
	place_done(&sub);
	*vec_add(&a->dirs) = (struct dir_time){ xstrdup(e->path), e->mtime };
	return r;
}

static int add_other(struct apply *a, const struct place *p, const char *name,
		     const struct entry *e, struct error *err)
{
	const struct timespec t[2] = { e->mtime, e->mtime };
	uid_t uid;
	gid_t gid;
	int r = place_clear(p, name, err);

	if (r < 0)
		return r;
	owner_of(a, e, &uid, &gid);
	if (S_ISLNK(e->type))
		r = symlinkat(e->symlink ? e->symlink : "", p->fd, name);
	else
		r = filenote_mknod(p->fd, name, p->noted, e->type | e->mode, e->rdev);
	if (r < 0 || filenote_own_at(p->fd, name, p->noted, uid, gid) < 0 ||
	    (!S_ISLNK(e->type) && fchmodat(p->fd, name, e->mode, 0) < 0) ||
	    utimensat(p->fd, name, t, AT_SYMLINK_NOFOLLOW) < 0)
		return complain(e, err);
	return 0;
}

/* A file that lies below only gets its copy in the upper, to be linked to. */
static int copy_up(struct apply *a, const struct place *p, const char *name, struct error *err)
{
	struct copy_options keep = { .uid = -1, .gid = -1 };
	autoclose int from = -1;
	struct stat st;
	size_t at;
	int r = tree_dir_stat(&p->lower, name, &st, &at, err);

	if (r > 0 && !S_ISREG(st.st_mode))
		r = 0;
	if (r <= 0)
		return r < 0 ? r
			     : error_set(err, ERR_INVALID,
					 "a hard link to \"%s\", which is no file", name);
	r = tree_dir_open_file(&p->lower, name, at, &from, err);
	a->c->opt = &keep;
	if (!r)
		r = copy_regular(a->c, p, name, from, &st, true, err);
	a->c->opt = &a->opt;
	return r;
}

static int add_link(struct apply *a, const struct place *p, const char *name, const struct entry *e,
		    struct error *err)
{
	const char *slash = strrchr(e->link, '/'), *base = slash ? slash + 1 : e->link;
	struct place from = PLACE_INIT;
	int r;

	if (streq(e->link, e->path))
		return 0;
	r = open_parent(a, e->link, &from, err);
	if (!r)
		r = place_clear(p, name, err);
	if (!r && linkat(from.fd, base, p->fd, name, 0) < 0) {
		r = errno == ENOENT ? copy_up(a, &from, base, err) : complain(e, err);
		if (!r && linkat(from.fd, base, p->fd, name, 0) < 0)
			r = complain(e, err);
	}
	place_done(&from);
	return r;
}

static int add_named(struct apply *a, struct reader *r, const struct place *p, const char *name,
		     const struct entry *e, struct error *err)
{
	if (e->link)
		return add_link(a, p, name, e, err);
	switch (e->type) {
	case S_IFREG:
		return add_file(a, r, p, name, e, err);
	case S_IFDIR:
		return add_dir(a, p, name, e, err);
	case S_IFLNK:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
		return add_other(a, p, name, e, err);
	default:
		return error_set(err, ERR_INVALID, "\"%.200s\": a member of an unknown kind",
				 e->path);
	}
}

int apply_member(struct apply *a, struct reader *r, const struct entry *e, struct error *err)
{
	const char *slash = strrchr(e->path, '/');
	struct place p = PLACE_INIT;
	int res;

	if (++a->entries > LIMIT_LAYER_ENTRIES)
		return error_set(err, ERR_LIMIT, "an archive of more than %llu members",
				 LIMIT_LAYER_ENTRIES);
	if (!*e->path) /* "./": the directory itself stays as it is */
		return 0;
	res = open_parent(a, e->path, &p, err);
	if (!res)
		res = add_named(a, r, &p, slash ? slash + 1 : e->path, e, err);
	place_done(&p);
	return res;
}

int apply_end(struct apply *a, struct error *err)
{
	for (size_t i = a->dirs.n; i-- > 0;) {
		const struct timespec t[2] = { a->dirs.v[i].mtime, a->dirs.v[i].mtime };
		autofree char *path = xprintf("/%s", a->dirs.v[i].path);
		autotreepath p = { 0 };
		struct place place = PLACE_INIT;
		int r = tree_resolve(a->c->view, path, false, &p, err);

		if (!r && p.exists && S_ISDIR(p.st.st_mode)) {
			r = copier_open(a->c, p.path, &place, err);
			if (!r && futimens(place.fd, t) < 0)
				r = error_sys(err, "%s: set its times", path);
			place_done(&place);
		}
		if (r < 0)
			return r;
	}
	return 0;
}
