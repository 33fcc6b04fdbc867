/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts without mount(2): a directory is moved to its place for the time of the step, a file is
 * copied, and what they hide is set aside. Directories are held open, so that nothing that the step
 * does to the paths leads elsewhere. */
#include "builder/spread-private.h"

#include "util/io.h"
#include "util/path.h"
#include "util/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* What every runtime mounts. */
static const struct {
	const char *target;
	enum put_kind kind;
	mode_t mode;
} always[] = {
	{ "/dev", PUT_EMPTY, 0755 },	  { "/proc", PUT_EMPTY, 0555 },
	{ "/sys", PUT_EMPTY, 0555 },	  { "/etc/resolv.conf", PUT_FILE, 0644 },
	{ "/etc/hosts", PUT_FILE, 0644 }, { "/etc/hostname", PUT_FILE, 0644 },
};

static char *aside_name(unsigned n)
{
	return xprintf("aside-%u", n);
}

/* Times of a directory, as if nothing had been put there or taken out. */
static void restore_times(int fd, const struct stat *st)
{
	futimens(fd, (struct timespec[]){ st->st_atim, st->st_mtim });
}

/* Goes into `name` of *fd, made when it is not there; then it goes again at the end. */
static int go_into(struct spread *p, int *fd, const char *name, struct error *err)
{
	struct stat st;
	int sub = openat(*fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (sub < 0 && errno == ENOENT) {
		if (fstat(*fd, &st) < 0 || mkdirat(*fd, name, 0755) < 0)
			return error_sys(err, "%s", name);
		restore_times(*fd, &st);
		sub = openat(*fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		*vec_add(&p->puts) = (struct put){ .kind = PUT_PARENT,
						   .parent = fcntl(*fd, F_DUPFD_CLOEXEC, 0),
						   .name = xstrdup(name),
						   .done = true };
	}
	if (sub < 0)
		return error_sys(err, "%s", name);
	fd_close(*fd);
	*fd = sub;
	return 0;
}

/* The directory that a target is in, and its name there, symlinks followed within the root. */
static int find_place(struct spread *p, const char *target, int *ret_parent, char **ret_name,
		      struct error *err)
{
	autocall(tree_freep) struct tree *t = NULL;
	autostrv layer = { 0 }, parts = { 0 };
	autofree char *dir = NULL;
	autotreepath at = { 0 };
	autoclose int fd = fcntl(p->root, F_DUPFD_CLOEXEC, 0);
	int r;

	strv_push(&layer, p->dir);
	r = tree_open(&layer, &t, err);
	if (!r)
		r = tree_resolve(t, target, true, &at, err);
	if (r < 0)
		return r;
	dir = path_dir(at.path);
	strv_split(&parts, str_of(dir), '/');
	for (size_t i = 0; !r && i < parts.n; i++)
		if (*parts.v[i])
			r = go_into(p, &fd, parts.v[i], err);
	if (r < 0)
		return error_wrap(err, "mount point %s", target);
	*ret_parent = TAKE_FD(fd);
	*ret_name = path_base(at.path);
	return 0;
}

static int copy_in(int parent, const char *name, const char *source, const struct stat *st,
		   struct error *err)
{
	autoclose int from = open(source, O_RDONLY | O_CLOEXEC);
	autoclose int to = openat(parent, name,
				  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (from < 0 || to < 0)
		return error_sys(err, "%s", source);
	r = io_copy(from, to, UINT64_MAX, NULL, err);
	if (!r && (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0))
		r = error_sys(err, "%s", source);
	return r;
}

static int put_in(struct put *x, const char *source, const struct stat *st, mode_t mode,
		  struct error *err)
{
	switch (x->kind) {
	case PUT_EMPTY:
		if (mkdirat(x->parent, x->name, 0700) < 0 ||
		    fchmodat(x->parent, x->name, mode, 0) < 0)
			return error_sys(err, "%s", x->name);
		return 0;
	case PUT_DIR:
		if (renameat(AT_FDCWD, source, x->parent, x->name) < 0)
			return error_sys(err, "%s", source);
		return 0;
	case PUT_FILE: /* without a source it is left to the runner to write it */
		return source ? copy_in(x->parent, x->name, source, st, err) : 0;
	case PUT_SOCKET:
		if (linkat(AT_FDCWD, source, x->parent, x->name, 0) < 0)
			return error_sys(err,
					 "%s (COMPOSE_RUN_DIR and COMPOSE_STATE_DIR must be on one "
					 "file system where nothing can be mounted)",
					 source);
		return 0;
	case PUT_PARENT:
		break;
	}
	return 0;
}

/* Whatever has the name goes aside, and comes back at the end. */
static int set_aside(struct spread *p, struct put *x, struct error *err)
{
	autofree char *name = aside_name(p->n_aside + 1);

	if (renameat(x->parent, x->name, p->aside, name) == 0)
		x->aside = ++p->n_aside;
	else if (errno != ENOENT)
		return error_sys(err, "%s", x->name);
	return 0;
}

static int put(struct spread *p, const char *target, enum put_kind kind, const char *source,
	       bool goes_back, mode_t mode, struct error *err)
{
	struct put x = { .kind = kind, .parent = -1 };
	struct stat before, st = { 0 };
	int r = find_place(p, target, &x.parent, &x.name, err);

	if (r < 0)
		return r;
	if (source && stat(source, &st) < 0)
		r = error_sys(err, "%s", source);
	if (!r && fstat(x.parent, &before) < 0)
		r = error_sys(err, "%s", target);
	if (!r)
		r = set_aside(p, &x, err);
	if (!r) {
		x.done = true;
		r = put_in(&x, source, &st, mode, err);
		restore_times(x.parent, &before);
	}
	if (!r && goes_back)
		x.source = xstrdup(source);
	*vec_add(&p->puts) = x;
	return r < 0 ? error_wrap(err, "mount on %s", target) : 0;
}

static int put_mount(struct spread *p, const struct build_mount *m, struct error *err)
{
	enum put_kind kind = PUT_FILE;
	struct stat st;

	if (streq(m->type, "tmpfs"))
		return put(p, m->target, PUT_EMPTY, NULL, false, 01777, err);
	if (stat(m->source, &st) < 0)
		return error_sys(err, "%s", m->source);
	if (S_ISDIR(st.st_mode))
		kind = PUT_DIR;
	else if (S_ISSOCK(st.st_mode))
		kind = PUT_SOCKET;
	return put(p, m->target, kind, m->source, kind == PUT_DIR, 0, err);
}

/* From here on a change has a later time: the clock of change times ticks in steps. */
static int wait_for_tick(struct spread *p, struct error *err)
{
	struct timespec now, tick = { .tv_nsec = NSEC_PER_MSEC };
	autoclose int fd = openat(p->aside, "tick", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_sys(err, "%s", p->dir);
	p->since = st.st_ctim;
	do {
		nanosleep(&tick, NULL);
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	} while (now.tv_sec < p->since.tv_sec ||
		 (now.tv_sec == p->since.tv_sec && now.tv_nsec <= p->since.tv_nsec));
	return 0;
}

int spread_mount(struct step *s, struct error *err)
{
	struct spread *p = s->spread;
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(always); i++)
		r = put(p, always[i].target, always[i].kind, NULL, false, always[i].mode, err);
	for (size_t i = 0; !r && i < s->spec.mounts.n; i++)
		r = put_mount(p, &s->spec.mounts.v[i], err);
	return r < 0 ? r : wait_for_tick(p, err);
}

/* ---- and out again ---- */

static void wipe(int parent, const char *name)
{
	static const char zeros[4096];
	autoclose int fd = openat(parent, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		for (off_t at = 0; at < st.st_size; at += (off_t)sizeof(zeros))
			if (pwrite(fd, zeros, MIN(sizeof(zeros), (size_t)(st.st_size - at)), at) <
			    0)
				break;
}

static int take_out(struct spread *p, struct put *x, struct error *err)
{
	autofree char *aside = aside_name(x->aside);
	struct stat before;
	int r = 0;

	if (fstat(x->parent, &before) < 0)
		return error_sys(err, "%s", x->name);
	if (x->kind == PUT_PARENT) {
		unlinkat(x->parent, x->name, AT_REMOVEDIR);
	} else {
		if (x->kind == PUT_FILE)
			wipe(x->parent, x->name);
		if (!x->source || renameat(x->parent, x->name, AT_FDCWD, x->source) < 0)
			r = path_remove_tree(x->parent, x->name, err);
		if (!r && x->aside && renameat(p->aside, aside, x->parent, x->name) < 0)
			r = error_sys(err, "%s", x->name);
	}
	restore_times(x->parent, &before);
	x->done = false;
	return r;
}

int spread_unmount(struct step *s, struct error *err)
{
	struct spread *p = s->spread;
	int r = 0;

	for (size_t i = p->puts.n; i-- > 0;) {
		if (!p->puts.v[i].done)
			continue;
		int e = take_out(p, &p->puts.v[i], r ? NULL : err);

		r = r ? r : e;
	}
	return r;
}
