/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/pack/walk.h"

#include "registry/layer-job.h"
#include "registry/pack/pyc.h"
#include "registry/pack/xattrs.h"
#include "registry/tar.h"
#include "util/buf.h"
#include "util/fd.h"
#include "util/filenote.h"
#include "util/map.h"
#include "util/strv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define CHUNK	     (256 << 10)
#define LIMIT_HEADER (2 << 20)
#define OPAQUE_NAME  ".wh..wh..opq"

struct walk {
	const struct walk_options *opt;
	struct sink *sink;
	bool noted;	  /* owners are noted (util/filenote.h) */
	struct map links; /* "DEV:INO" to the first name, of files with more than one */
	struct buf path;  /* of the current member */
	struct buf header;
	struct walk_result n;
	char *chunk;
};

static int walk_dir(struct walk *w, int dirfd, struct error *err);

static int put(struct walk *w, const struct tar_member *m, struct error *err)
{
	buf_reset(&w->header);
	int r = tar_header(&w->header, m, err);
	if (r < 0)
		return r;
	if (++w->n.entries > w->opt->max_entries)
		return error_set(err, ERR_LIMIT, "layer of more than %llu files",
				 (unsigned long long)w->opt->max_entries);
	return sink_write(w->sink, w->header.p, w->header.len, err);
}

/* An empty file beside or in place of the current member: `.wh.NAME`. When something was removed
 * says nothing about what is there, so its time does not count. */
static int put_whiteout(struct walk *w, const char *path, struct error *err)
{
	struct tar_member m = { .type = TAR_FILE, .name = path, .mode = 0600 };
	return put(w, &m, err);
}

/* The time that goes into the tar; the directory follows it, so that both stay the same. */
static int64_t member_time(struct walk *w, int parent, const char *name, const struct stat *st)
{
	if (!w->opt->clamp || st->st_mtime < w->opt->mtime_max ||
	    (st->st_mtime == w->opt->mtime_max && st->st_mtim.tv_nsec == 0))
		return st->st_mtime;
	struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = w->opt->mtime_max } };
	utimensat(parent, name, t, AT_SYMLINK_NOFOLLOW);
	return w->opt->mtime_max;
}

static int put_content(struct walk *w, int fd, uint64_t size, struct error *err)
{
	uint64_t left = size;
	while (left) {
		ssize_t n = read(fd, w->chunk, MIN(left, CHUNK));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, "%s", w->path.p);
		if (n == 0)
			return error_set(err, ERR_CONFLICT, "%s: became shorter while it was read",
					 w->path.p);
		int r = sink_write(w->sink, w->chunk, (size_t)n, err);
		if (r < 0)
			return r;
		left -= (uint64_t)n;
	}
	w->n.bytes += size;
	return sink_zeros(w->sink, tar_padding(size), err);
}

/* 1: the file is a link to one that the tar has already. */
static int find_link(struct walk *w, const struct stat *st, const char **ret)
{
	char key[48];
	if (st->st_nlink < 2)
		return 0;
	snprintf(key, sizeof(key), "%llx:%llx", (unsigned long long)st->st_dev,
		 (unsigned long long)st->st_ino);
	*ret = strmap_get(&w->links, key);
	if (*ret)
		return 1;
	strmap_set(&w->links, key, w->path.p);
	return 0;
}

static int put_file(struct walk *w, int parent, const char *name, const struct stat *st,
		    struct tar_member *m, struct error *err)
{
	autocall(xattrs_done) struct xattrs x = { 0 };
	autoclose int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "%s", w->path.p);
	int r = xattrs_read(fd, w->path.p, &x, err);
	if (r < 0)
		return r;
	m->type = TAR_FILE;
	m->size = (uint64_t)st->st_size;
	m->xattrs = x.v.v;
	m->n_xattrs = x.v.n;
	if (m->size > w->opt->max_bytes - MIN(w->n.bytes, w->opt->max_bytes))
		return error_set(err, ERR_LIMIT, "layer of more than %llu bytes",
				 (unsigned long long)w->opt->max_bytes);
	r = put(w, m, err);
	if (r == 0)
		r = put_content(w, fd, m->size, err);
	return r;
}

static int put_symlink(struct walk *w, int parent, const char *name, struct tar_member *m,
		       struct error *err)
{
	char target[LIMIT_LAYER_PATH + 1];
	ssize_t n = readlinkat(parent, name, target, sizeof(target));
	if (n < 0)
		return error_sys(err, "%s", w->path.p);
	if ((size_t)n >= sizeof(target))
		return error_set(err, ERR_LIMIT, "%s: its target is too long", w->path.p);
	target[n] = 0;
	m->type = TAR_SYMLINK;
	m->link = target;
	return put(w, m, err);
}

static int put_dir(struct walk *w, int parent, const char *name, const struct stat *st,
		   struct tar_member *m, struct error *err)
{
	autocall(xattrs_done) struct xattrs x = { 0 };
	autoclose int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "%s", w->path.p);
	int r = xattrs_read(fd, w->path.p, &x, err);
	if (r < 0)
		return r;
	buf_addc(&w->path, '/');
	m->type = TAR_DIR;
	m->name = w->path.p;
	m->xattrs = x.v.v;
	m->n_xattrs = x.v.n;
	r = put(w, m, err);
	size_t len = w->path.len;
	if (r == 0 && x.opaque) {
		buf_adds(&w->path, OPAQUE_NAME);
		r = put_whiteout(w, w->path.p, err);
		buf_truncate(&w->path, len);
	}
	return r < 0 ? r : walk_dir(w, fd, err);
}

/* Replaces NAME at the end of the path by .wh.NAME. */
static int put_deleted(struct walk *w, const char *name, struct error *err)
{
	size_t dir = w->path.len - strlen(name);
	buf_insert(&w->path, dir, ".wh.", 4);
	int r = buf_check(&w->path, name, err);
	return r < 0 ? r : put_whiteout(w, w->path.p, err);
}

static int put_node(struct walk *w, int parent, const char *name, const struct stat *st,
		    struct tar_member *m, struct error *err)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return put_file(w, parent, name, st, m, err);
	case S_IFDIR:
		return put_dir(w, parent, name, st, m, err);
	case S_IFLNK:
		return put_symlink(w, parent, name, m, err);
	case S_IFIFO:
		m->type = TAR_FIFO;
		return put(w, m, err);
	case S_IFCHR:
	case S_IFBLK:
		m->type = S_ISCHR(st->st_mode) ? TAR_CHAR : TAR_BLOCK_DEVICE;
		m->major = major(st->st_rdev);
		m->minor = minor(st->st_rdev);
		return put(w, m, err);
	default: /* a socket: nobody listens any more */
		return 0;
	}
}

static int put_member(struct walk *w, int parent, const char *name, struct error *err)
{
	struct stat st;
	const char *first = NULL;
	if (filenote_stat(parent, name, w->noted, &st) < 0)
		return error_sys(err, "%s", w->path.p);
	if (w->opt->clamp)
		pyc_clamp(parent, name, &st, w->opt->mtime_max);
	struct tar_member m = {
		.name = w->path.p,
		.mode = st.st_mode & 07777,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.mtime = member_time(w, parent, name, &st),
	};
	if (S_ISCHR(st.st_mode) && st.st_rdev == 0)
		return put_deleted(w, name, err);
	if (starts_with(name, ".wh."))
		return error_set(err, ERR_INVALID,
				 "%s: a name that begins with .wh. can't be kept in an image layer",
				 w->path.p);
	if (!S_ISDIR(st.st_mode) && find_link(w, &st, &first)) {
		m.type = TAR_LINK;
		m.link = first;
		return put(w, &m, err);
	}
	return put_node(w, parent, name, &st, &m, err);
}

static int read_names(struct walk *w, int dirfd, struct strv *names, struct error *err)
{
	autoclose int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return error_sys(err, "%s", w->path.p);
	TAKE_FD(fd);
	errno = 0;
	for (struct dirent *e; (e = readdir(d)); errno = 0) {
		if (!streq(e->d_name, ".") && !streq(e->d_name, ".."))
			strv_push(names, e->d_name);
		if (names->n > w->opt->max_entries)
			break;
	}
	int r = errno ? error_sys(err, "%s", w->path.p) : 0;
	closedir(d);
	strv_sort(names);
	return r;
}

static int walk_dir(struct walk *w, int dirfd, struct error *err)
{
	autostrv names = { 0 };
	int r = read_names(w, dirfd, &names, err);
	size_t len = w->path.len;
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		buf_adds(&w->path, names.v[i]);
		r = buf_check(&w->path, "path", err);
		if (r == 0)
			r = put_member(w, dirfd, names.v[i], err);
		buf_truncate(&w->path, len);
	}
	return r;
}

int walk_pack(int dirfd, const struct walk_options *opt, struct sink *s, struct walk_result *ret,
	      struct error *err)
{
	struct walk w = { .opt = opt,
			  .sink = s,
			  .noted = filenote_tree(dirfd),
			  .chunk = xalloc(1, CHUNK) };
	buf_init(&w.path, LIMIT_LAYER_PATH);
	buf_init(&w.header, LIMIT_HEADER);
	map_init(&w.links, free);
	int r = walk_dir(&w, dirfd, err);
	if (r == 0)
		r = sink_zeros(s, TAR_END_BYTES, err);
	if (r == 0)
		*ret = w.n;
	map_done(&w.links);
	buf_done(&w.header);
	buf_done(&w.path);
	free(w.chunk);
	return r;
}
