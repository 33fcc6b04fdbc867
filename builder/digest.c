/* SPDX-License-Identifier: Apache-2.0 */
/* The digest of what a COPY takes: all that the copy depends on, but for times. */
#include "builder/copy.h"
#include "builder/walk.h"

#include "util/buf.h"
#include "util/map.h"
#include "util/time.h"

#include <linux/limits.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

struct digester {
	const struct copy_source *src;
	struct hash *h;
	struct map inodes; /* "dev:ino" -> the first path of a file with several */
	int64_t newest;
};

/* Each value with its length, so that no two rows of values look alike. */
static void put(struct hash *h, const void *p, size_t n)
{
	uint64_t len = n;

	hash_update(h, &len, sizeof(len));
	hash_update(h, p, n);
}

static void put_text(struct hash *h, const char *s)
{
	put(h, s, strlen(s));
}

static void put_stat(struct digester *d, const char *path, const struct stat *st)
{
	char text[160];
	int64_t mtime = st->st_mtim.tv_sec * NSEC_PER_SEC + st->st_mtim.tv_nsec;

	snprintf(text, sizeof(text), "%o %u %u %llu", st->st_mode, d->src->own ? st->st_uid : 0,
		 d->src->own ? st->st_gid : 0,
		 S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode) ? (unsigned long long)st->st_rdev
							      : 0);
	put_text(d->h, path);
	put_text(d->h, text);
	d->newest = MAX(d->newest, mtime);
}

static int put_xattrs(struct digester *d, int fd, struct error *err)
{
	char names[4096], value[4096];
	ssize_t n = flistxattr(fd, names, sizeof(names)), size;

	for (const char *p = names; n > 0 && p < names + n; p += strlen(p) + 1) {
		if (starts_with(p, "trusted.overlay.") || starts_with(p, "user.overlay."))
			continue;
		size = fgetxattr(fd, p, value, sizeof(value));
		if (size < 0)
			return error_sys(err, "read the attribute %s", p);
		put_text(d->h, p);
		put(d->h, value, (size_t)size);
	}
	return 0;
}

static int put_content(struct digester *d, int fd, struct error *err)
{
	static const size_t size = 1 << 18;
	autofree char *buf = NULL;
	uint64_t total = 0;
	ssize_t n;
	char small[16384];
	bool big = false;

	for (;;) {
		n = big ? read(fd, buf, size) : read(fd, small, sizeof(small));
		if (n < 0)
			return error_sys(err, "read");
		if (!n)
			break;
		hash_update(d->h, big ? buf : small, (size_t)n);
		total += (uint64_t)n;
		if (!big && (size_t)n == sizeof(small)) {
			big = true;
			buf = xalloc(size, 1);
		}
	}
	hash_update(d->h, &total, sizeof(total));
	return 0;
}

/* A file with several names is one file, whose other names follow the first. */
static const char *linked_to(struct digester *d, const char *path, const struct stat *st)
{
	char key[64];
	const char *first;

	if (st->st_nlink < 2)
		return NULL;
	snprintf(key, sizeof(key), "%llu:%llu", (unsigned long long)st->st_dev,
		 (unsigned long long)st->st_ino);
	first = strmap_get(&d->inodes, key);
	if (!first)
		strmap_set(&d->inodes, key, path);
	return first;
}

static int put_file(struct digester *d, const struct walk_entry *e, struct error *err)
{
	const char *first = linked_to(d, e->path, &e->st);
	autoclose int fd = -1;
	int r;

	if (first) {
		put_text(d->h, "link");
		put_text(d->h, first);
		return 0;
	}
	r = tree_dir_open_file(e->dir, e->name, e->at, &fd, err);
	if (!r)
		r = put_xattrs(d, fd, err);
	if (!r)
		r = put_content(d, fd, err);
	return r;
}

static int put_entry(void *userdata, const struct walk_entry *e, struct error *err)
{
	struct digester *d = userdata;
	autofree char *target = NULL;
	int r = 0;

	put_stat(d, e->path, &e->st);
	if (S_ISREG(e->st.st_mode))
		r = put_file(d, e, err);
	else if (S_ISLNK(e->st.st_mode))
		r = tree_dir_readlink(e->dir, e->name, e->at, &target, err);
	if (r < 0)
		return error_wrap(err, "%s", e->path);
	if (target)
		put_text(d->h, target);
	return 0;
}

static int put_enter(void *userdata, const struct walk_entry *e, struct error *err)
{
	struct digester *d = userdata;

	put_stat(d, e->path, &e->st);
	return 0;
}

static int put_leave(void *userdata, const struct walk_entry *e, struct error *err)
{
	return 0;
}

static int put_dir(struct digester *d, const struct copy_pick *pick, const struct ignore *exclude,
		   struct error *err)
{
	const struct walk_filter filter = {
		.ignored = d->src->ignored,
		.include = pick->include,
		.exclude = exclude,
	};
	const struct walk_visitor v = {
		.enter = put_enter,
		.leave = put_leave,
		.entry = put_entry,
		.userdata = d,
	};
	autotreedir dir = { 0 };
	int r = tree_enter(d->src->tree, pick->path, &dir, err);

	return r < 0 ? r : walk_tree(&dir, pick->path, &filter, &v, err);
}

static int put_single(struct digester *d, const struct copy_pick *pick, struct error *err)
{
	autofree char *parent = xstrndup(pick->path,
					 (size_t)(strrchr(pick->path, '/') - pick->path));
	struct walk_entry e = { .name = strrchr(pick->path, '/') + 1, .path = pick->base };
	autotreedir dir = { 0 };
	int r = tree_enter(d->src->tree, parent, &dir, err);

	e.dir = &dir;
	if (!r)
		r = tree_dir_stat(&dir, e.name, &e.st, &e.at, err);
	if (r > 0)
		return put_entry(d, &e, err);
	return r < 0 ? r
		     : error_set(err, ERR_NOT_FOUND, "%s went away while it was read", pick->path);
}

int copy_digest(const struct copy_source *src, const copy_picks *picks,
		const struct ignore *exclude, struct hash *h, int64_t *newest, struct error *err)
{
	struct digester d = { .src = src, .h = h, .newest = INT64_MIN };
	int r = 0;

	vec_foreach (p, picks) {
		put_text(h, p->base);
		map_done(&d.inodes);
		if (S_ISDIR(p->st.st_mode))
			r = put_dir(&d, p, exclude, err);
		else
			r = put_single(&d, p, err);
		if (r < 0)
			break;
		put_text(h, "end");
	}
	map_done(&d.inodes);
	if (newest)
		*newest = MAX(*newest, d.newest);
	return r;
}
