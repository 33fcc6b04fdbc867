/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mount points that a step's mounts needed and that were not in the root filesystem: the runtime
 * makes them in the upper layer, where they must not stay. What was written beside them stays, and
 * so do then the directories on the way.
 */
#include "builder/mounts.h"

#include "util/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* What every runtime mounts. */
static const char *const always[] = { "/dev",	    "/proc",	    "/sys", "/etc/resolv.conf",
				      "/etc/hosts", "/etc/hostname" };

struct noter {
	struct step *s;
	struct tree *below;
	struct copier *c;
};

static int note(struct noter *n, const char *target, struct tree_path *ret, struct error *err)
{
	int r = tree_resolve(n->below, target, true, ret, err);

	if (!r)
		strv_push(&n->s->stubs, ret->path);
	return r;
}

/* Mount points are made here, so that their modes don't depend on the runtime. A file's is left to
 * it, but for its directory. */
static int make_point(struct noter *n, const struct build_mount *m, struct error *err)
{
	autotreepath p = { 0 };
	autofree char *parent = NULL;
	struct stat st = { .st_mode = S_IFDIR };
	int r = note(n, m->target, &p, err);

	if (r < 0 || p.exists || p.in_file)
		return r;
	if (streq(m->type, "bind") && stat(m->source, &st) < 0)
		return error_sys(err, "%s", m->source);
	parent = path_dir(p.path);
	return copier_mkdirs(n->c, S_ISDIR(st.st_mode) ? p.path : parent, 0755, 0, 0, NULL, err);
}

int stubs_note(struct step *s, struct error *err)
{
	const struct copy_options opt = { .uid = -1, .gid = -1 };
	autocall(tree_freep) struct tree *t = NULL;
	autocall(copier_freep) struct copier *c = NULL;
	struct noter n = { .s = s };
	int r = tree_open(&s->run->rootfs.dirs, &t, err);

	strv_done(&s->stubs);
	n.below = t;
	for (size_t i = 0; !r && i < ARRAY_SIZE(always); i++) {
		autotreepath p = { 0 };

		r = note(&n, always[i], &p, err);
	}
	if (!r && s->spec.mounts.n)
		r = copier_new(&s->run->rootfs.dirs, s->upper, &opt, &c, err);
	n.c = c;
	for (size_t i = 0; !r && i < s->spec.mounts.n; i++)
		r = make_point(&n, &s->spec.mounts.v[i], err);
	return r;
}

/* A directory of the upper that is as the one below it: it was copied up for what is now gone from
 * it. */
static bool is_copied_up(const struct stat *upper, const struct stat *below)
{
	return S_ISDIR(below->st_mode) && upper->st_mode == below->st_mode &&
	       upper->st_uid == below->st_uid && upper->st_gid == below->st_gid;
}

/* Takes `name` out of the upper's directory when it is an empty stub. 1: it is gone. */
static int take_out(int dirfd, const char *name, bool was_there, const struct stat *below)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT;
	if (was_there && !(S_ISDIR(st.st_mode) && is_copied_up(&st, below)))
		return 0;
	if (S_ISDIR(st.st_mode))
		return unlinkat(dirfd, name, AT_REMOVEDIR) == 0;
	if (was_there || !S_ISREG(st.st_mode) || st.st_size)
		return 0;
	return unlinkat(dirfd, name, 0) == 0;
}

static int clean_one(struct step *s, const struct tree *below, int upper, const char *path,
		     struct error *err)
{
	autofree char *at = xstrdup(path);
	bool gone = true;

	while (gone && !streq(at, "/")) {
		autofree char *parent = path_dir(at), *name = path_base(at);
		autotreepath p = { 0 };
		autoclose int dir = -1;
		int r = tree_resolve(below, at, false, &p, err);

		if (r < 0)
			return r;
		dir = openat(upper, parent[1] ? parent + 1 : ".",
			     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir >= 0)
			gone = take_out(dir, name, p.exists, &p.st);
		free(at);
		at = TAKE_PTR(parent);
	}
	return 0;
}

int mounts_clean(struct step *s, struct error *err)
{
	autocall(tree_freep) struct tree *t = NULL;
	autoclose int upper = open(s->upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (upper < 0)
		return error_sys(err, "%s", s->upper);
	r = tree_open(&s->run->rootfs.dirs, &t, err);
	for (size_t i = s->stubs.n; !r && i > 0; i--)
		r = clean_one(s, t, upper, s->stubs.v[i - 1], err);
	return r;
}
