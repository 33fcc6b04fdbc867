/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Things on their way into the store. Each process has a directory of its own below STATE/stage and
 * holds a lock on it (its helpers do too); whoever opens the store removes those that nobody holds.
 */
#include "registry/store-private.h"

#include "util/filenote.h"
#include "util/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* 1: made and locked; 0: a sweep took it in between. */
static int try_stage(struct store *s, struct error *err)
{
	char random[17];
	struct stat st;
	random_hex(8, random);
	autofree char *name = xprintf(STORE_STAGE "/%s", random);
	if (mkdirat(s->dirfd, name, 0700) < 0)
		return error_sys(err, "%s/%s", s->dir, name);
	autoclose int fd = openat(s->dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_sys(err, "%s/%s", s->dir, name);
	int r = fd_lock(fd, true, false, err);
	if (r <= 0)
		return r;
	if (fstat(fd, &st) < 0 || st.st_nlink == 0)
		return 0;
	s->stage = TAKE_PTR(name);
	s->stage_fd = TAKE_FD(fd);
	return 1;
}

int stage_open(struct store *s, struct error *err)
{
	int r = s->stage ? 1 : 0;
	for (int tries = 0; r == 0 && tries < 100; tries++)
		r = try_stage(s, err);
	if (r == 0)
		return error_set(err, ERR_CONFLICT,
				 "%s/" STORE_STAGE ": somebody removes what is made", s->dir);
	return MIN(r, 0);
}

void stage_close(struct store *s)
{
	pins_drop(s);
	if (s->stage)
		path_remove_tree(s->dirfd, s->stage, NULL);
	free(s->stage);
	s->stage = NULL;
	s->stage_fd = fd_close(s->stage_fd);
}

static void sweep_one(struct store *s, const char *entry)
{
	autofree char *name = xprintf(STORE_STAGE "/%s", entry);
	autoclose int fd = openat(s->dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && fd_lock(fd, true, false, NULL) == 1)
		path_remove_tree(s->dirfd, name, NULL);
}

/* What can't be removed now is left to the next time: it is in nobody's way. */
void stage_sweep(struct store *s)
{
	int fd = openat(s->dirfd, STORE_STAGE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		fd_close(fd);
		return;
	}
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.')
			sweep_one(s, e->d_name);
	closedir(d);
}

int stage_name(struct store *s, char **ret, struct error *err)
{
	int r = stage_open(s, err);
	if (r == 0)
		*ret = xprintf("%s/%u", s->stage, ++s->n_stage);
	return r;
}

int stage_file(struct store *s, char **ret_name, int *ret_fd, struct error *err)
{
	autofree char *name = NULL;
	int r = stage_name(s, &name, err);
	if (r < 0)
		return r;
	int fd = openat(s->dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(err, "%s/%s", s->dir, name);
	*ret_name = TAKE_PTR(name);
	*ret_fd = fd;
	return 0;
}

int stage_take(struct store *s, const char *path, char **ret_name, struct error *err)
{
	autofree char *name = NULL;
	int r = stage_name(s, &name, err);
	if (r < 0)
		return r;
	if (renameat(s->dirfd, path, s->dirfd, name) == 0)
		*ret_name = TAKE_PTR(name);
	else if (errno == ENOENT)
		*ret_name = NULL;
	else
		return error_sys(err, "%s/%s", s->dir, path);
	return 0;
}

int stage_discard(struct store *s, const char *path, struct error *err)
{
	autofree char *name = NULL;
	int r = stage_take(s, path, &name, err);
	return r < 0 || !name ? r : path_remove_tree(s->dirfd, name, err);
}

int stage_mkdir(struct store *s, const char *name, struct error *err)
{
	autoclose int fd = -1;
	if (mkdirat(s->dirfd, name, 0755) < 0 || fchmodat(s->dirfd, name, 0755, 0) < 0)
		return error_sys(err, "%s/%s", s->dir, name);
	if (!s->noted)
		return 0;
	fd = openat(s->dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && filenote_mark_tree(fd) == 0)
		return 0;
	if (errno == ENOTSUP)
		return error_set(err, ERR_UNSUPPORTED,
				 "%s: this file system keeps no attributes (user.*), which are "
				 "needed where files can't be given away: set COMPOSE_STATE_DIR "
				 "to one that does",
				 s->dir);
	return error_sys(err, "%s/%s", s->dir, name);
}

static int try_what_layers_need(int dirfd)
{
	static const char *const names[] = { "file", "whiteout", "dir" };
	autoclose int fd = openat(dirfd, names[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	autoclose int dir = -1;
	int ok = fd >= 0 && fchown(fd, 1, 1) == 0 && mknodat(dirfd, names[1], S_IFCHR, 0) == 0 &&
		 mkdirat(dirfd, names[2], 0700) == 0;
	if (ok) {
		dir = openat(dirfd, names[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ok = dir >= 0 && filenote_set_opaque(dir) == 0;
	}
	return ok;
}

int stage_probe(struct store *s, struct error *err)
{
	autofree char *name = NULL;
	autoclose int fd = -1;
	int r = stage_name(s, &name, err);
	if (r < 0)
		return r;
	if (mkdirat(s->dirfd, name, 0700) < 0)
		return error_sys(err, "%s/%s", s->dir, name);
	fd = openat(s->dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "%s/%s", s->dir, name);
	r = try_what_layers_need(fd);
	path_remove_tree(s->dirfd, name, NULL);
	return r;
}

int store_layer_stage(struct store *s, char **ret_dir, struct error *err)
{
	autofree char *name = NULL;
	int r = stage_name(s, &name, err);
	if (r < 0)
		return r;
	autofree char *upper = xprintf("%s/upper", name);
	autofree char *work = xprintf("%s/work", name);
	if (mkdirat(s->dirfd, name, 0700) < 0 || mkdirat(s->dirfd, work, 0700) < 0)
		return error_sys(err, "%s/%s", s->dir, name);
	r = stage_mkdir(s, upper, err);
	if (r < 0)
		return r;
	*ret_dir = xprintf("%s/%s", s->dir, upper);
	return 0;
}

/* "…/stage/RANDOM/N/upper" to "stage/RANDOM/N", or NULL when it is none of ours. */
static char *stage_of(struct store *s, const char *dir)
{
	const char *below = path_below(s->dir, dir);
	const char *slash = below ? strrchr(below, '/') : NULL;
	if (!slash || !s->stage || !starts_with(below, s->stage))
		return NULL;
	return xstrndup(below, (size_t)(slash - below));
}

int store_layer_unstage(struct store *s, const char *dir, struct error *err)
{
	autofree char *stage = stage_of(s, dir);
	if (!stage)
		return error_set(err, ERR_INVALID, "%s: not a staged layer of this process", dir);
	return path_remove_tree(s->dirfd, stage, err);
}
