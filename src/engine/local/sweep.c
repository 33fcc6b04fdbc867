/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What belongs to no record: left by a kill between two steps of a create or a remove, or of a step
 * of a build. Who makes something whose row comes after it holds the lock (local_making()), and is
 * left in peace.
 */
#include "engine/local/cgroup.h"
#include "engine/local/local.h"
#include "engine/local/oci-container.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/time.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ID_DIGITS     64
#define TEMPORARY_AGE 60 /* seconds */

/* 1 and the descriptor that holds it, 0: somebody else does. */
static int take(struct local *l, bool alone, int *ret_fd, struct error *err)
{
	autofree char *path = xprintf("%s/status", l->state_dir);
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? error_sys(err, "%s", path) : fd_lock(fd, alone, !alone, err);

	if (r > 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

int local_making(struct local *l, int *ret_fd, struct error *err)
{
	return MIN(take(l, false, ret_fd, err), 0);
}

/* A row that is there now: what was listed before may be old. */
static bool has_row(struct local *l, const char *table, const char *column, const char *name)
{
	autofree char *sql = xprintf("SELECT 1 FROM %s WHERE %s = ?", table, column);
	autostmt *st = NULL;

	return db_query(store_db(l->store), &st, NULL, sql, "s", name) < 0 ||
	       db_step(st, NULL) != 0;
}

static bool in_life(const struct local *l, const char *id)
{
	autofree char *shim = xprintf("%s/steps/%s/lock", l->run_dir, id);
	autofree char *starter = xprintf("%s/steps/%s/starter", l->run_dir, id);

	return container_alive(l, id) || life_held(AT_FDCWD, shim) || life_held(AT_FDCWD, starter);
}

struct left {
	char *rootfs;
	pid_t pid;
	uint64_t start;
};

static void left_key(void *userdata, const char *key, const char *value)
{
	struct left *x = userdata;

	if (streq(key, "rootfs") && !x->rootfs)
		x->rootfs = xstrdup(value);
	else if (streq(key, "pid"))
		x->pid = (pid_t)kv_int(value);
	else if (streq(key, "start"))
		x->start = (uint64_t)kv_int(value);
}

/* Processes that have this directory as their root, whether it is still there or not. */
static void kill_rooted(const char *rootfs)
{
	DIR *d = opendir("/proc");
	size_t len = strlen(rootfs);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		autofree char *path = xprintf("/proc/%s/root", e->d_name);
		char root[PATH_MAX];
		ssize_t n = char_is_digit(e->d_name[0]) ? readlink(path, root, sizeof(root) - 1)
							: -1;

		if (n < (ssize_t)len || strncmp(root, rootfs, len) != 0)
			continue;
		root[n] = 0;
		if (!root[len] || root[len] == ' ' || root[len] == '/')
			kill((pid_t)strtol(e->d_name, NULL, 10), SIGKILL);
	}
	if (d)
		closedir(d);
}

void local_kill_step(const char *path)
{
	autoclose int dirfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), pidfd = -1;
	struct left x = { 0 };

	if (dirfd < 0)
		return;
	kv_read(dirfd, "job", left_key, &x, NULL);
	kv_read(dirfd, "init", left_key, &x, NULL);
	if (x.pid)
		pidfd = proc_open(x.pid, x.start);
	if (pidfd >= 0)
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	if (x.rootfs)
		kill_rooted(x.rootfs);
	free(x.rootfs);
}

static void sweep_run(struct local *l, const char *dir, const char *id)
{
	autofree char *cgroup = xprintf(CGROUP_PARENT "/%s", id);
	autofree char *path = xprintf("%s/%s", dir, id);

	if (in_life(l, id) || has_row(l, "containers", "id", id))
		return;
	cgroup_kill(cgroup);
	cgroup_remove(cgroup, NULL);
	if (ends_with(dir, "/steps"))
		local_kill_step(path);
	path_remove_tree(AT_FDCWD, path, NULL);
}

static void sweep_state(struct local *l, const char *dir, const char *name)
{
	autofree char *id = xstrndup(name, ID_DIGITS), *path = xprintf("%s/%s", dir, name);

	if (!has_row(l, "containers", "id", id))
		path_remove_tree(AT_FDCWD, path, NULL);
}

static void sweep_volume(struct local *l, const char *dir, const char *name)
{
	autofree char *path = xprintf("%s/%s", dir, name);

	if (!has_row(l, "volumes", "name", name))
		path_remove_tree(AT_FDCWD, path, NULL);
}

/* Of a write that was killed. Whoever is at one now needs no minute for it. */
static void sweep_temporary(struct local *l, const char *dir, const char *name)
{
	autofree char *path = xprintf("%s/%s", dir, name);
	struct stat st;

	if (starts_with(name, ".tmp-") && stat(path, &st) == 0 &&
	    st.st_mtim.tv_sec < time_now() / NSEC_PER_SEC - TEMPORARY_AGE)
		unlink(path);
}

/* known: names that need no look at the database; NULL: each gets one. */
static void each(struct local *l, const char *base, const char *sub, const struct map *known,
		 void (*fn)(struct local *l, const char *dir, const char *name))
{
	autofree char *dir = xprintf("%s/%s", base, sub);
	DIR *d = opendir(dir);
	struct dirent *de;

	while (d && (de = readdir(d))) {
		autofree char *id = xstrndup(de->d_name, ID_DIGITS);

		if (de->d_name[0] == '.')
			sweep_temporary(l, dir, de->d_name);
		if (de->d_name[0] == '.' || (known && strlen(id) != ID_DIGITS) ||
		    (known && map_get(known, id)))
			continue;
		fn(l, dir, de->d_name);
	}
	if (d)
		closedir(d);
}

void local_sweep(struct local *l, const record_vec *recs)
{
	struct map known = { 0 };
	autoclose int alone = -1;

	vec_foreach (rec, recs)
		strmap_set(&known, rec->id, "");
	each(l, l->run_dir, "containers", &known, sweep_run);
	each(l, l->run_dir, "steps", &known, sweep_run);
	each(l, l->run_dir, "oci", &known, sweep_run);
	/* Somebody makes a container or volume just now: the next one sweeps. */
	if (take(l, true, &alone, NULL) > 0) {
		each(l, l->state_dir, "status", &known, sweep_state);
		each(l, l->state_dir, "containers", &known, sweep_state);
		each(l, l->state_dir, "volumes", NULL, sweep_volume);
	}
	map_done(&known);
}

/* One without a job is just being made: its starter has perhaps not taken its lock yet. */
static void sweep_step(struct local *l, const char *dir, const char *id)
{
	autofree char *job = xprintf("%s/%s/job", dir, id);

	if (path_exists(job))
		sweep_run(l, dir, id);
}

void local_sweep_steps(struct local *l)
{
	struct map none = { 0 };

	each(l, l->run_dir, "steps", &none, sweep_step);
	map_done(&none);
}
