/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/unpack/entry.h"

#include "registry/layer-job.h"
#include "util/filenote.h"

#include <archive.h>
#include <archive_entry.h>
#include <limits.h>

struct reader {
	struct archive *a;
	struct archive_entry *ae;
	struct source *src;
	struct error err; /* of the callback */
};

static la_ssize_t read_source(struct archive *a, void *userdata, const void **p)
{
	struct reader *r = userdata;
	size_t n;
	return source_next(r->src, p, &n, &r->err) < 0 ? -1 : (la_ssize_t)n;
}

static int reader_error(struct reader *r, struct error *err)
{
	const char *why = archive_error_string(r->a);
	if (r->err.code) {
		*err = r->err;
		return -(int)r->err.code;
	}
	return error_set(err, ERR_CORRUPT, "not a tar archive, or a damaged one (%s)",
			 why ? why : "unknown");
}

int reader_new(struct source *src, struct reader **ret, struct error *err)
{
	autocall(reader_freep) struct reader *r = xnew(struct reader);
	r->src = src;
	r->a = archive_read_new();
	if (!r->a)
		return error_set(err, ERR_INTERNAL, "libarchive: no memory");
	archive_read_support_format_tar(r->a);
	archive_read_support_format_empty(r->a);
	if (archive_read_open(r->a, r, NULL, read_source, NULL) != ARCHIVE_OK)
		return reader_error(r, err);
	*ret = TAKE_PTR(r);
	return 0;
}

struct reader *reader_free(struct reader *r)
{
	if (!r)
		return NULL;
	archive_read_free(r->a);
	free(r);
	return NULL;
}

static int clean_part(struct buf *b, struct str part, const char *name, struct error *err)
{
	if (part.n == 0 || str_eq(part, "."))
		return 0;
	if (str_eq(part, "..")) {
		const char *slash = b->len ? memrchr(b->p, '/', b->len) : NULL;
		if (b->len == 0)
			return error_set(err, ERR_INVALID, "\"%.200s\" leaves the archive", name);
		buf_truncate(b, slash ? (size_t)(slash - b->p) : 0);
		return 0;
	}
	if (part.n > LIMIT_LAYER_NAME)
		return error_set(err, ERR_LIMIT, "a file name of %zu bytes: \"%.100s...\"", part.n,
				 name);
	if (b->len)
		buf_addc(b, '/');
	buf_addstr(b, part);
	return buf_check(b, "file name", err);
}

/* A name from an archive to a clean relative one: no "", ".", "..", no '/' at either end. */
static int entry_clean(const char *name, char **ret, struct error *err)
{
	autobuf b = { 0 };
	buf_init(&b, LIMIT_LAYER_PATH);
	struct str rest = str_of(name), part;
	while (rest.n) {
		str_cut(rest, '/', &part, &rest);
		int r = clean_part(&b, part, name, err);
		if (r < 0)
			return r;
	}
	*ret = buf_steal(&b);
	return 0;
}

/* overlayfs's own, and ours, would forge what it keeps there; security labels and trusted.* are this host's.
 */
static bool xattr_allowed(const char *name)
{
	return streq(name, "security.capability") ||
	       (starts_with(name, "user.") && filenote_xattr(name) == name);
}

static int take_xattrs(struct archive_entry *ae, struct entry *e, struct error *err)
{
	struct entry_xattr x;
	e->xattrs.n = 0;
	archive_entry_xattr_reset(ae);
	while (archive_entry_xattr_next(ae, &x.name, &x.value, &x.n) == ARCHIVE_OK) {
		if (!x.name || !xattr_allowed(x.name))
			continue;
		if (x.n > LIMIT_LAYER_XATTR)
			return error_set(err, ERR_LIMIT, "\"%.200s\": an attribute of %zu bytes",
					 e->path, x.n);
		*vec_add(&e->xattrs) = x;
	}
	return 0;
}

static int take_ids(struct archive_entry *ae, struct entry *e, struct error *err)
{
	int64_t uid = archive_entry_uid(ae), gid = archive_entry_gid(ae);
	if (uid < 0 || gid < 0 || uid >= UINT_MAX || gid >= UINT_MAX)
		return error_set(err, ERR_INVALID, "\"%.200s\": owner %lld:%lld is impossible",
				 e->path, (long long)uid, (long long)gid);
	e->uid = (uid_t)uid;
	e->gid = (gid_t)gid;
	return 0;
}

static int take_names(struct archive_entry *ae, struct entry *e, struct error *err)
{
	const char *path = archive_entry_pathname(ae);
	const char *link = archive_entry_hardlink(ae);
	if (!path)
		path = archive_entry_pathname_utf8(ae);
	if (!path)
		return error_set(err, ERR_INVALID, "a member without a name");
	int r = entry_clean(path, &e->path, err);
	if (r == 0 && link)
		r = entry_clean(link, &e->link, err);
	e->symlink = archive_entry_symlink(ae);
	return r;
}

static int take(struct archive_entry *ae, struct entry *e, struct error *err)
{
	int r = take_names(ae, e, err);
	if (r == 0)
		r = take_ids(ae, e, err);
	if (r < 0)
		return r;
	e->type = e->link ? 0 : archive_entry_filetype(ae);
	e->mode = archive_entry_perm(ae) & 07777;
	e->rdev = archive_entry_rdev(ae);
	e->mtime = (struct timespec){ archive_entry_mtime(ae), archive_entry_mtime_nsec(ae) };
	if (e->mtime.tv_nsec < 0 || e->mtime.tv_nsec >= 1000000000L)
		e->mtime.tv_nsec = 0;
	if (archive_entry_size(ae) < 0)
		return error_set(err, ERR_INVALID, "\"%.200s\": a negative size", e->path);
	e->size = (uint64_t)archive_entry_size(ae);
	return take_xattrs(ae, e, err);
}

static void entry_clear(struct entry *e)
{
	free(e->path);
	free(e->link);
	e->path = e->link = NULL;
}

void entry_done(struct entry *e)
{
	entry_clear(e);
	vec_done(&e->xattrs);
}

int reader_next(struct reader *r, struct entry *e, struct error *err)
{
	entry_clear(e);
	int got = archive_read_next_header(r->a, &r->ae);
	if (got == ARCHIVE_EOF)
		return 0;
	/* A warning is about a name's character set: the bytes are there all the same. */
	if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
		return reader_error(r, err);
	got = take(r->ae, e, err);
	return got < 0 ? got : 1;
}

int reader_data(struct reader *r, const void **ret_p, size_t *ret_n, int64_t *ret_at,
		struct error *err)
{
	la_int64_t at;
	int got = archive_read_data_block(r->a, ret_p, ret_n, &at);
	if (got == ARCHIVE_EOF)
		return 0;
	if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
		return reader_error(r, err);
	*ret_at = at;
	return 1;
}
