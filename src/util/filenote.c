/* SPDX-License-Identifier: Apache-2.0 */
#include "util/filenote.h"

#include "util/fd.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define TREE	   "user.compose.noted"
#define FILE_NOTE  "user.compose.file"
#define OPAQUE	   "user.compose.opaque"
#define CAPABILITY "user.compose.capability"

struct note {
	unsigned uid, gid, mode, major, minor;
};

bool filenote_tree(int dirfd)
{
	char v[2];

	return fgetxattr(dirfd, TREE, v, sizeof(v)) == 1 && v[0] == 'y';
}

int filenote_mark_tree(int dirfd)
{
	return fsetxattr(dirfd, TREE, "y", 1, 0);
}

static int write_note(int fd, const struct note *n)
{
	char text[80];
	int len = snprintf(text, sizeof(text), "%u:%u:%o:%u:%u", n->uid, n->gid, n->mode, n->major,
			   n->minor);

	return fsetxattr(fd, FILE_NOTE, text, (size_t)len, 0);
}

static bool read_note(int fd, struct note *ret)
{
	char text[81];
	ssize_t n = fgetxattr(fd, FILE_NOTE, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = 0;
	return sscanf(text, "%u:%u:%o:%u:%u", &ret->uid, &ret->gid, &ret->mode, &ret->major,
		      &ret->minor) == 5;
}

static bool may_chown(void)
{
	return geteuid() == 0;
}

/* A user who isn't root must be able to open what is his. */
static mode_t reachable(mode_t mode, bool is_dir)
{
	return may_chown() ? mode : mode | (is_dir ? 0700 : 0600);
}

int filenote_own(int fd, bool noted, uid_t uid, gid_t gid, mode_t mode)
{
	struct note n = { uid, gid, mode, 0, 0 };
	mode_t real;
	struct stat st;
	bool given;

	if (!noted)
		return fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0 ? -1 : 0;
	if (fstat(fd, &st) < 0)
		return -1;
	given = may_chown() ? fchown(fd, uid, gid) == 0 : !uid && !gid;
	if (!given && may_chown() && errno != EPERM && errno != EINVAL)
		return -1;
	real = reachable(mode, S_ISDIR(st.st_mode));
	if (fchmod(fd, real) < 0)
		return -1;
	n.mode |= st.st_mode & S_IFMT;
	if (!given || real != mode)
		return write_note(fd, &n);
	fremovexattr(fd, FILE_NOTE); /* of a directory that is there already */
	return 0;
}

int filenote_own_at(int dirfd, const char *name, bool noted, uid_t uid, gid_t gid)
{
	if (noted && !may_chown())
		return 0;
	if (fchownat(dirfd, name, uid, gid, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return noted && (errno == EPERM || errno == EINVAL) ? 0 : -1;
}

int filenote_mknod(int dirfd, const char *name, bool noted, mode_t mode, dev_t dev)
{
	struct note n = { 0, 0, mode, major(dev), minor(dev) };
	autoclose int fd = -1;

	if (mknodat(dirfd, name, mode, dev) == 0)
		return 0;
	if (!noted || errno != EPERM)
		return -1;
	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -1 : write_note(fd, &n);
}

static void apply(int fd, struct stat *st)
{
	struct note n;

	if (!read_note(fd, &n))
		return;
	st->st_uid = n.uid;
	st->st_gid = n.gid;
	st->st_mode = n.mode;
	st->st_rdev = makedev(n.major, n.minor);
}

static void own_is_root(struct stat *st)
{
	if (st->st_uid == geteuid())
		st->st_uid = 0;
	if (st->st_gid == getegid())
		st->st_gid = 0;
}

void filenote_apply(int dirfd, const char *name, struct stat *st)
{
	autoclose int fd = -1;

	own_is_root(st);
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return;
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		apply(fd, st);
}

int filenote_stat(int dirfd, const char *name, bool noted, struct stat *st)
{
	if (fstatat(dirfd, name, st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (noted)
		filenote_apply(dirfd, name, st);
	return 0;
}

int filenote_fstat(int fd, bool noted, struct stat *st)
{
	if (fstat(fd, st) < 0)
		return -1;
	if (noted) {
		own_is_root(st);
		apply(fd, st);
	}
	return 0;
}

/* Without privilege over the host overlayfs is mounted with `userxattr`; on an overlayfs neither
 * name may be ours. */
static const char *const opaque_names[] = { "trusted.overlay.opaque", "user.overlay.opaque",
					    OPAQUE };

int filenote_set_opaque(int fd)
{
	for (size_t i = 0; i < ARRAY_SIZE(opaque_names); i++) {
		if (fsetxattr(fd, opaque_names[i], "y", 1, 0) == 0)
			return 0;
		if (errno != EPERM && errno != ENOTSUP)
			break;
	}
	return -1;
}

bool filenote_is_opaque(int fd)
{
	char value[4];

	for (size_t i = 0; i < ARRAY_SIZE(opaque_names); i++)
		if (fgetxattr(fd, opaque_names[i], value, sizeof(value)) == 1 && value[0] == 'y')
			return true;
	return false;
}

int filenote_setxattr(int fd, bool noted, const char *name, const void *value, size_t n)
{
	if (fsetxattr(fd, name, value, n, 0) == 0)
		return 0;
	if (!noted || errno != EPERM || !streq(name, "security.capability"))
		return -1;
	return fsetxattr(fd, CAPABILITY, value, n, 0);
}

const char *filenote_xattr(const char *name)
{
	if (streq(name, CAPABILITY))
		return "security.capability";
	if (starts_with(name, "trusted.overlay.") || starts_with(name, "user.overlay.") ||
	    starts_with(name, "user.compose."))
		return NULL;
	return name;
}
