/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small parts of userns.c that need a process of their own:
 *	compose-shim map own|sub PID UIDS... - GIDS...	   when a byte comes on stdin: the maps of
 *							   PID's user namespace (three numbers each)
 *	compose-shim userns		tries whether one can be made, and used to mount; says why
 *					not
 *	compose-shim overlay mount|userns DIR	tries to mount an overlay over directories in DIR,
 *					in a user namespace of its own or as it is
 */
#include "engine/local/shim.h"

#include "util/fd.h"
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int complain(const char *what)
{
	dprintf(STDOUT_FILENO, "%s: %s\n", what, strerror(errno));
	return 1;
}

static int write_map(const char *pid, const char *name, char **v, int n)
{
	autofree char *path = xprintf("/proc/%s/%s", pid, name);
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
	autobuf text = { 0 };

	buf_init(&text, 64 << 10);
	for (int i = 0; i + 2 < n; i += 3)
		buf_addf(&text, "%s %s %s\n", v[i], v[i + 1], v[i + 2]);
	if (fd < 0 || write(fd, text.p, text.len) < 0)
		return complain(path);
	return 0;
}

/* newuidmap PID INSIDE OUTSIDE COUNT ... */
static int run_program(const char *program, const char *pid, char **v, int n)
{
	autofree char **argv = xnewn(char *, (size_t)n + 3);
	int status = 0, r;
	pid_t child;

	argv[0] = (char *)(uintptr_t)program;
	argv[1] = (char *)(uintptr_t)pid;
	for (int i = 0; i < n; i++)
		argv[i + 2] = v[i];
	r = posix_spawnp(&child, program, NULL, NULL, argv, environ);
	if (r) {
		errno = r;
		dprintf(STDOUT_FILENO, "%s: %s: install the package uidmap\n", program,
			strerror(r));
		return 1;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status ? 1 : 0;
}

int shim_map_main(int argc, char **argv)
{
	const char *how = argv[0], *pid = argv[1];
	char **uids = argv + 2, **gids, go;
	int n = 0, n_gids;

	while (n + 2 < argc && !streq(uids[n], "-"))
		n++;
	gids = uids + n + 1;
	n_gids = argc - 2 - n - 1;
	if (read(STDIN_FILENO, &go, 1) != 1)
		return 1;
	if (streq(how, "sub"))
		return run_program("newuidmap", pid, uids, n) ||
		       run_program("newgidmap", pid, gids, n_gids);
	return write_map(pid, "uid_map", uids, n) || write_map(pid, "gid_map", gids, n_gids);
}

int shim_userns_main(void)
{
	if (unshare(CLONE_NEWUSER) < 0)
		return complain("making a user namespace");
	if (unshare(CLONE_NEWNS) < 0)
		return complain("making a mount namespace in a user namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return complain("mounting in a user namespace");
	return 0;
}

/* Files of whoever asks are ours in there: the one id that is mapped. */
static int map_self(uid_t uid, gid_t gid)
{
	autofree char *u = xprintf("0 %u 1", uid), *g = xprintf("0 %u 1", gid);
	const struct {
		const char *path, *text;
	} files[] = {
		{ "/proc/self/setgroups", "deny" },
		{ "/proc/self/uid_map", u },
		{ "/proc/self/gid_map", g },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		autoclose int fd = open(files[i].path, O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, files[i].text, strlen(files[i].text)) < 0)
			return complain(files[i].path);
	}
	return 0;
}

int shim_overlay_main(const char *how, const char *dir)
{
	static const char *const dirs[] = { "lower", "upper", "work", "merged" };
	bool own = streq(how, "userns");
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (chdir(dir) < 0)
		return complain(dir);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdir(dirs[i], 0755) < 0 && errno != EEXIST)
			return complain(dirs[i]);
	if (own && unshare(CLONE_NEWUSER) < 0)
		return complain("making a user namespace");
	if (own && map_self(uid, gid))
		return 1;
	if (unshare(CLONE_NEWNS) < 0)
		return complain("making a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return complain("mounting");
	/* In a user namespace, ours or one that we are in, only the second one may do. */
	if ((own || mount("overlay", "merged", "overlay", 0,
			  "lowerdir=lower,upperdir=upper,workdir=work") < 0) &&
	    mount("overlay", "merged", "overlay", 0,
		  "lowerdir=lower,upperdir=upper,workdir=work,userxattr") < 0)
		return complain("mounting an overlay");
	return 0;
}
