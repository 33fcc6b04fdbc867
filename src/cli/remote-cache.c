/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote.h"

#include "util/env.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

char *remote_cache_path(const char *kind, const char *key)
{
	autofree char *state = env_state_dir();

	return xprintf("%s/remotes/%s/%s", state, kind, key);
}

static int sync_dir(const char *path, int (*how)(int fd), struct error *err)
{
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || how(fd) < 0 ? error_sys(err, "%s", path) : 0;
}

int remote_cache_keep(const char *dir, const char *path, struct error *err)
{
	autofree char *kind = path_dir(path), *top = path_dir(kind);
	int r = path_mkdirs(AT_FDCWD, top, 0700, err);

	if (r == 0)
		r = path_mkdirs(AT_FDCWD, kind, 0755, err);
	if (r == 0)
		r = sync_dir(dir, syncfs, err);
	if (r < 0)
		return r;
	/* Another process may have been quicker: then it is the same. */
	if (rename(dir, path) < 0 && errno != EEXIST && errno != ENOTEMPTY)
		return error_sys(err, "%s", path);
	return sync_dir(kind, fsync, err);
}
