/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/copy-file.h"

#include "util/filenote.h"
#include "util/path.h"
#include "util/time.h"

#include <errno.h>
#include <unistd.h>

int copier_new(const struct strv *lower, const char *upper, const struct copy_options *opt,
	       struct copier **ret, struct error *err)
{
	autocall(copier_freep) struct copier *c = xnew(struct copier);
	autostrv all = { 0 };
	int r;

	c->opt = opt;
	c->root = PLACE_INIT;
	r = tree_open(lower, &c->lower, err);
	if (!r)
		r = place_root(c->lower, upper, &c->root, err);
	if (r < 0)
		return r;
	strv_copy(&all, lower);
	strv_push(&all, upper);
	r = tree_open(&all, &c->view, err);
	if (!r)
		*ret = TAKE_PTR(c);
	return r;
}

struct copier *copier_free(struct copier *c)
{
	if (!c)
		return NULL;
	vec_foreach (p, &c->places)
		place_done(p);
	vec_done(&c->places);
	map_done(&c->inodes);
	place_done(&c->root);
	tree_free(c->lower);
	tree_free(c->view);
	free(c);
	return NULL;
}

static int place_copy(const struct place *from, struct place *ret, struct error *err)
{
	return place_enter(from, ".", ret, err);
}

/* Goes into the directory `name` of *p, making it when it is not there. */
static int go_into(struct place *p, const char *name, mode_t mode, int64_t uid, int64_t gid,
		   struct error *err)
{
	struct place sub = PLACE_INIT;
	struct stat st;
	int r = place_stat(p, name, &st, err);

	if (r > 0 && !S_ISDIR(st.st_mode))
		return error_set(err, ERR_INVALID, "%s is no directory", name);
	if (r > 0) {
		r = place_enter(p, name, &sub, err);
	} else if (!r) {
		r = place_mkdir(p, name, &sub, err);
		if (!r && filenote_own(sub.fd, sub.noted, uid >= 0 ? (uid_t)uid : 0,
				       uid >= 0 ? (gid_t)gid : 0, mode) < 0)
			r = error_sys(err, "%s", name);
	}
	if (r < 0) {
		place_done(&sub);
		return r;
	}
	place_done(p);
	*p = sub;
	return 0;
}

/* The place of a path without symlinks, made where it is missing. */
static int open_place(struct copier *c, const char *path, mode_t mode, int64_t uid, int64_t gid,
		      struct place *ret, struct error *err)
{
	struct place p = PLACE_INIT;
	autostrv parts = { 0 };
	int r = place_copy(&c->root, &p, err);

	strv_split(&parts, str_of(path), '/');
	for (size_t i = 0; !r && i < parts.n; i++)
		if (*parts.v[i])
			r = go_into(&p, parts.v[i], mode, uid, gid, err);
	if (r < 0)
		place_done(&p);
	else
		*ret = p;
	return r;
}

int copier_open(struct copier *c, const char *path, struct place *ret, struct error *err)
{
	return open_place(c, path, 0755, -1, -1, ret, err);
}

int copier_mkdirs(struct copier *c, const char *path, mode_t mode, int64_t uid, int64_t gid,
		  char **ret_path, struct error *err)
{
	autotreepath p = { 0 };
	struct place place = PLACE_INIT;
	int r = tree_resolve(c->view, path, true, &p, err);

	if (r < 0)
		return r;
	if (p.in_file || (p.exists && !S_ISDIR(p.st.st_mode)))
		return error_set(err, ERR_INVALID, "%s is no directory", path);
	if (!p.exists) {
		r = open_place(c, p.path, mode, uid, gid, &place, err);
		place_done(&place);
	}
	if (!r && ret_path)
		*ret_path = TAKE_PTR(p.path);
	return r;
}

/* Mode and owner of directories that a copy makes on the way: an octal --chmod counts for them too,
 * within the umask. */
static int make_dirs(struct copier *c, const char *path, char **ret_path, struct error *err)
{
	const struct copy_options *o = c->opt;
	mode_t mode = o->chmod && o->chmod->octal ? o->chmod->mode & 0755 : 0755;

	return copier_mkdirs(c, path, mode, o->uid, o->gid, ret_path, err);
}

static bool names_dir(const char *dest)
{
	return ends_with(dest, "/") || ends_with(dest, "/.");
}

/* Where a file called `name` goes: the directory (open) and its name there. */
static int file_target(struct copier *c, const char *dest, const char *name, struct place *ret,
		       char **ret_name, struct error *err)
{
	autofree char *clean = path_clean(dest), *dir = NULL, *real_dir = NULL;
	autotreepath p = { 0 };
	int r = 0;

	dir = names_dir(dest) ? xstrdup(clean) : path_dir(clean);
	r = make_dirs(c, dir, NULL, err);
	if (!r)
		r = tree_resolve(c->view, clean, true, &p, err);
	if (r < 0)
		return r;
	if (p.in_file)
		return error_set(err, ERR_INVALID, "%s: a part of this path is no directory",
				 clean);
	if (p.exists && S_ISDIR(p.st.st_mode)) {
		*ret_name = xstrdup(name);
		return copier_open(c, p.path, ret, err);
	}
	dir = (free(dir), path_dir(p.path));
	r = make_dirs(c, dir, &real_dir, err);
	if (!r)
		r = copier_open(c, real_dir, ret, err);
	if (!r)
		*ret_name = path_base(p.path);
	return r;
}

static int copy_single(struct copier *c, const struct copy_source *src,
		       const struct copy_pick *pick, const char *dest, struct error *err)
{
	autofree char *parent = path_dir(pick->path), *name = NULL;
	struct walk_entry e = { .name = strrchr(pick->path, '/') + 1, .path = pick->base };
	autotreedir dir = { 0 };
	struct place place = PLACE_INIT;
	int r = tree_enter(src->tree, parent, &dir, err);

	e.dir = &dir;
	if (!r)
		r = tree_dir_stat(&dir, e.name, &e.st, &e.at, err);
	if (!r)
		r = error_set(err, ERR_NOT_FOUND, "%s went away while it was copied", pick->path);
	if (r > 0)
		r = file_target(c, dest, pick->base, &place, &name, err);
	if (!r)
		r = copy_entry(c, src, &place, name, &e, err);
	place_done(&place);
	return r;
}

static int copy_dir(struct copier *c, const struct copy_source *src, const struct copy_pick *pick,
		    const char *dest, struct error *err)
{
	autofree char *clean = path_clean(dest), *real = NULL;
	autotreedir dir = { 0 };
	struct place *top;
	int r = make_dirs(c, clean, &real, err);

	if (!r)
		r = tree_enter(src->tree, pick->path, &dir, err);
	if (r < 0)
		return r;
	top = vec_add(&c->places);
	*top = PLACE_INIT;
	r = copier_open(c, real, top, err);
	if (!r)
		r = copy_below(c, src, pick, &dir, err);
	if (!r)
		r = copy_times(c->places.v[0].fd, NULL, &pick->st, err);
	while (c->places.n)
		place_done(&c->places.v[--c->places.n]);
	return r;
}

int copier_copy(struct copier *c, const struct copy_source *src, const struct copy_pick *pick,
		const char *dest, struct error *err)
{
	int r;

	map_done(&c->inodes);
	if (S_ISDIR(pick->st.st_mode))
		r = copy_dir(c, src, pick, dest, err);
	else
		r = copy_single(c, src, pick, dest, err);
	return r < 0 ? error_wrap(err, "%s", dest) : 0;
}

int copier_file(struct copier *c, int fd, const char *name, mode_t mode, int64_t mtime,
		const char *dest, struct error *err)
{
	const struct timespec t = { mtime / NSEC_PER_SEC, mtime % NSEC_PER_SEC };
	struct stat st = { .st_mode = S_IFREG | mode, .st_atim = t, .st_mtim = t, .st_nlink = 1 };
	autofree char *target = NULL;
	struct place place = PLACE_INIT;
	int r = file_target(c, dest, name, &place, &target, err);

	if (!r)
		r = copy_regular(c, &place, target, fd, &st, false, err);
	place_done(&place);
	return r < 0 ? error_wrap(err, "%s", dest) : 0;
}
