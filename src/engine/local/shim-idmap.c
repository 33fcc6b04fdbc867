/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step of root's in a user namespace: its layers and mounts are shown with the ids of that
 * namespace (idmapped mounts), so that on the disk all keeps the ids that an image has. The layers'
 * overlay is mounted outside, by root; only the runtime goes in.
 */
#include "engine/local/shim.h"

#include "util/fd.h"
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What root itself writes, overlayfs's own work directory, has an owner on the disk, too. */
#define ID_OF_ROOT 4294967000u

extern char **environ;

/* "START:COUNT" to the two lines of a map. */
static int write_map(pid_t pid, const char *name, const char *range, struct error *err)
{
	autofree char *path = xprintf("/proc/%d/%s", (int)pid, name), *text = NULL;
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
	unsigned long start, count;

	if (sscanf(range, "%lu:%lu", &start, &count) != 2)
		return error_set(err, ERR_INVALID, "%s: not a range of ids", range);
	text = xprintf("0 %lu %lu\n%u 0 1\n", start, count, ID_OF_ROOT);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return error_sys(err, "%s", path);
	return 0;
}

/* `compose-shim hold`: a user namespace for as long as somebody holds our stdin. */
int shim_hold_main(void)
{
	char c;

	if (unshare(CLONE_NEWUSER) < 0 || write(STDOUT_FILENO, "y", 1) != 1)
		return 1;
	while (read(STDIN_FILENO, &c, 1) < 0 && errno == EINTR)
		;
	return 0;
}

static int spawn_holder(int in, int out, pid_t *ret, struct error *err)
{
	const char *argv[] = { "compose-shim", "hold", NULL };
	posix_spawn_file_actions_t fa;
	int r;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&fa, out, STDOUT_FILENO);
	r = posix_spawn(ret, "/proc/self/exe", &fa, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	return r ? error_sys_from(err, r, "compose-shim hold") : 0;
}

static int make_userns(struct shim *s, int *ret_fd, struct error *err)
{
	int in[2], out[2], r = fd_pipe(in, err);
	autofree char *path = NULL;
	pid_t pid = 0;
	char y;

	if (r == 0)
		r = fd_pipe(out, err);
	if (r < 0)
		return r;
	r = spawn_holder(in[0], out[1], &pid, err);
	fd_close(in[0]);
	fd_close(out[1]);
	if (r == 0 && read(out[0], &y, 1) != 1)
		r = error_set(err, ERR_AUTH, "no user namespace can be made");
	if (r == 0)
		r = write_map(pid, "uid_map", s->job.idmap_uid, err);
	if (r == 0)
		r = write_map(pid, "gid_map", s->job.idmap_gid, err);
	path = xprintf("/proc/%d/ns/user", (int)pid);
	if (r == 0) {
		*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
		r = *ret_fd < 0 ? error_sys(err, "%s", path) : 0;
	}
	fd_close(in[1]);
	fd_close(out[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}

/* `source`, with other ids, at `target` below the step's directory. */
static int map_mount(int userns, const char *source, const char *target, struct error *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns };
	autoclose int fd = (int)syscall(SYS_open_tree, AT_FDCWD, source,
					OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	struct stat st;
	autoclose int point = -1;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_sys(err, "%s", source);
	if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return error_sys(err,
				 "%s: mount it with other ids (Linux 5.19, and a file system "
				 "that can)",
				 source);
	if (S_ISDIR(st.st_mode))
		mkdir(target, 0755);
	else
		point = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (syscall(SYS_move_mount, fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_sys(err, "%s", target);
	return 0;
}

/* In place of the paths of the job come short ones, relative to the step's directory. */
static int map_layers(struct shim *s, int userns, struct error *err)
{
	autofree char *stage = xstrdup(s->job.upper);
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->job.lowers.n; i++) {
		char *name = xprintf("mapped/%zu", i);

		r = map_mount(userns, s->job.lowers.v[i], name, err);
		free(s->job.lowers.v[i]);
		s->job.lowers.v[i] = name;
	}
	/* The work directory lies beside the upper: both on one mount. */
	*strrchr(stage, '/') = 0;
	if (r == 0)
		r = map_mount(userns, stage, "mapped/top", err);
	free(s->job.upper);
	free(s->job.work);
	s->job.upper = xstrdup("mapped/top/upper");
	s->job.work = xstrdup("mapped/top/work");
	return r;
}

int shim_idmap(struct shim *s, struct error *err)
{
	autoclose int userns = -1;
	int r = make_userns(s, &userns, err);

	if (r == 0 && mkdir("mapped", 0711) < 0)
		r = error_sys(err, "%s/mapped", s->dir);
	if (r == 0)
		r = map_layers(s, userns, err);
	for (size_t i = 0; r == 0 && i < s->job.sources.n; i++) {
		autofree char *name = xprintf("mapped/source-%zu", i);

		r = map_mount(userns, s->job.sources.v[i], name, err);
	}
	return r;
}
