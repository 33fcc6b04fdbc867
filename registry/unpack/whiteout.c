/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/unpack/whiteout.h"

#include "util/fd.h"
#include "util/filenote.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PREFIX	    ".wh."
#define META_PREFIX ".wh..wh."
#define OPAQUE	    ".wh..wh..opq"

static int mark_opaque(int parent, const char *name, struct error *err)
{
	autoclose int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || filenote_set_opaque(fd) < 0)
		return error_sys(err, "\"%.200s\": mark it as opaque", name);
	return 0;
}

/* A layer's whiteouts are about the layers below it, not about what it brings itself. */
static int hide(const struct tree *t, int parent, const char *name, struct error *err)
{
	struct stat st;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISDIR(st.st_mode) ? mark_opaque(parent, name, err) : 0;
	if (errno != ENOENT)
		return error_sys(err, "\"%.200s\"", name);
	if (filenote_mknod(parent, name, t->noted, S_IFCHR, 0) < 0)
		return error_sys(err, "whiteout of \"%.200s\"", name);
	return 0;
}

int whiteout_apply(struct tree *t, int parent, const char *base, struct error *err)
{
	const char *name = skip_prefix(base, PREFIX);
	int r = 0;
	if (!name)
		return 0;
	if (streq(base, OPAQUE))
		r = mark_opaque(parent, ".", err);
	else if (starts_with(base, META_PREFIX))
		; /* aufs kept its own notes in layers */
	else if (!*name || streq(name, ".") || streq(name, ".."))
		r = error_set(err, ERR_INVALID, "\"%s\" is a whiteout of nothing", base);
	else
		r = hide(t, parent, name, err);
	return r < 0 ? r : 1;
}
