/* SPDX-License-Identifier: Apache-2.0 */
/* What a step has changed in its directory, as overlayfs would have left it in the upper layer. */
#include "builder/spread-private.h"

#include "util/filenote.h"
#include "util/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

struct gather {
	struct spread *p;
	struct strv path; /* of the level that is looked at */
};

/* A directory that was there before the step: its upper part is made when something needs it. */
struct level {
	struct level *above;
	const char *name;
	int fd; /* of the step's directory */
	struct place place;
	bool made;
};

static bool is_after(const struct timespec *t, const struct timespec *since)
{
	return t->tv_sec > since->tv_sec ||
	       (t->tv_sec == since->tv_sec && t->tv_nsec > since->tv_nsec);
}

static int make(struct level *l, struct error *err)
{
	struct place sub = PLACE_INIT;
	int r;

	if (l->made)
		return 0;
	r = make(l->above, err);
	if (!r)
		r = place_enter(&l->above->place, l->name, &sub, err);
	if (r < 0)
		return r;
	place_done(&l->place);
	l->place = sub;
	l->made = true;
	return 0;
}

static int list(int dirfd, struct strv *ret, struct error *err)
{
	struct tree_dir here = { .fds = &dirfd, .n = 1 };

	return tree_dir_list(&here, ret, err);
}

static bool same_owner(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid;
}

static bool has_attributes(int fd)
{
	return flistxattr(fd, NULL, 0) > 0;
}

/* Whether overlayfs would have copied this directory up for its own sake. */
static bool dir_changed(const struct gather *g, int fd, const struct stat *now,
			const struct stat *before)
{
	return !same_owner(now, before) || now->st_mtim.tv_sec != before->st_mtim.tv_sec ||
	       now->st_mtim.tv_nsec != before->st_mtim.tv_nsec ||
	       (is_after(&now->st_ctim, &g->p->since) && has_attributes(fd));
}

static int copy_metadata(struct level *l, const struct stat *st, struct error *err)
{
	const struct place *p = &l->place;

	if (filenote_own(p->fd, p->noted, st->st_uid, st->st_gid, st->st_mode & 07777) < 0)
		return error_sys(err, "%s", l->name);
	return tree_copy_xattrs(l->fd, p->fd, p->noted, err);
}

/* A directory at this path that is the one which was there, not another of its name. */
static bool is_same_dir(struct gather *g, const char *name, const struct stat *st)
{
	autofree char *above = strv_join(&g->path, "/");
	autofree char *path = xprintf("%s%s/%s", g->path.n ? "/" : "", above, name);
	const char *was = strmap_get(&g->p->inodes, path);
	char key[64];

	snprintf(key, sizeof(key), "%llu:%llu", (unsigned long long)st->st_dev,
		 (unsigned long long)st->st_ino);
	return was && streq(was, key);
}

/* Moved as it is. Over a directory of the layers below it must not show what that had. */
static int move(struct level *l, const char *name, bool is_dir, bool was_there, struct error *err)
{
	autoclose int fd = -1;
	int r = make(l, err);

	if (!r && renameat(l->fd, name, l->place.fd, name) < 0)
		r = error_sys(err, "%s", name);
	if (r < 0 || !is_dir || !was_there)
		return r;
	fd = openat(l->place.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? error_sys(err, "%s", name) : place_set_opaque(fd, err);
}

static void restore_dir_times(int fd, const struct stat *st)
{
	futimens(fd, (struct timespec[]){ st->st_atim, st->st_mtim });
}

static int walk(struct gather *g, struct level *l, struct error *err);

static int walk_below(struct gather *g, struct level *above, const char *name,
		      const struct stat *before, struct error *err)
{
	struct level l = { .above = above, .name = name, .place = PLACE_INIT };
	struct stat now;
	int r = tree_dir_enter(&above->place.lower, name, &l.place.lower, err);

	l.fd = openat(above->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (!r && (l.fd < 0 || fstat(l.fd, &now) < 0))
		r = error_sys(err, "%s", name);
	strv_push(&g->path, name);
	if (!r && dir_changed(g, l.fd, &now, before)) {
		r = make(&l, err);
		if (!r)
			r = copy_metadata(&l, &now, err);
	}
	if (!r)
		r = walk(g, &l, err);
	strv_remove(&g->path, g->path.n - 1);
	if (!r && l.made)
		restore_dir_times(l.place.fd, &now);
	place_done(&l.place);
	fd_close(l.fd);
	return r;
}

static int look_at(struct gather *g, struct level *l, const char *name, struct error *err)
{
	struct stat now, before;
	size_t at;
	int was = tree_dir_stat(&l->place.lower, name, &before, &at, err);

	if (was < 0)
		return was;
	if (fstatat(l->fd, name, &now, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys(err, "%s", name);
	if (!S_ISDIR(now.st_mode))
		return !was || is_after(&now.st_ctim, &g->p->since) ? move(l, name, false, was, err)
								    : 0;
	if (was && S_ISDIR(before.st_mode) && is_same_dir(g, name, &now))
		return walk_below(g, l, name, &before, err);
	return move(l, name, true, was, err);
}

/* Names of the layers below that are no longer there. */
static int look_for_removed(struct level *l, const struct strv *there, struct error *err)
{
	autostrv before = { 0 };
	int r = tree_dir_list(&l->place.lower, &before, err);
	size_t i = 0;

	strv_foreach (name, &before) {
		while (i < there->n && strcmp(there->v[i], name) < 0)
			i++;
		if (r < 0 || (i < there->n && streq(there->v[i], name)))
			continue;
		r = make(l, err);
		if (!r)
			r = place_remove(&l->place, name, err);
	}
	return r;
}

static int walk(struct gather *g, struct level *l, struct error *err)
{
	autostrv names = { 0 };
	int r = g->path.n > LIMIT_TREE_DEPTH
			? error_set(err, ERR_LIMIT, "%s: directories too deep", l->name)
			: list(l->fd, &names, err);

	for (size_t i = 0; !r && i < names.n; i++)
		r = look_at(g, l, names.v[i], err);
	return r < 0 ? r : look_for_removed(l, &names, err);
}

static int check_clock(const struct spread *p, struct error *err)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return is_after(&now, &p->since)
		       ? 0
		       : error_set(err, ERR_CONFLICT,
				   "the clock was set back during the step: what it changed "
				   "can't be known");
}

int spread_gather(struct step *s, struct error *err)
{
	struct gather g = { .p = s->spread };
	struct level top = {
		.name = "/", .fd = s->spread->root, .place = PLACE_INIT, .made = true
	};
	autocall(tree_freep) struct tree *lower = NULL;
	struct stat now;
	int r = check_clock(s->spread, err);

	if (!r)
		r = tree_open(&s->run->rootfs.dirs, &lower, err);
	if (!r)
		r = place_root(lower, s->upper, &top.place, err);
	if (!r && fstat(top.fd, &now) < 0)
		r = error_sys(err, "%s", s->spread->dir);
	if (!r)
		r = copy_metadata(&top, &now, err);
	if (!r)
		r = walk(&g, &top, err);
	if (!r)
		restore_dir_times(top.place.fd, &now);
	place_done(&top.place);
	strv_done(&g.path);
	return r;
}
