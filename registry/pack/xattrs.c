/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/pack/xattrs.h"

#include "registry/layer-job.h"
#include "util/filenote.h"

#include <errno.h>
#include <sys/xattr.h>

static const char *overlay_name(const char *name)
{
	static const char *const prefixes[] = { "trusted.overlay.", "user.overlay.",
						"user.compose." };
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (starts_with(name, prefixes[i]))
			return name + strlen(prefixes[i]);
	return NULL;
}

static bool wanted(const char *name)
{
	return streq(name, "security.capability") || starts_with(name, "user.");
}

static int overlay_meaning(int fd, const char *path, const char *name, const char *what,
			   struct xattrs *x, struct error *err)
{
	char v[2] = { 0 };
	if (streq(what, "opaque"))
		x->opaque = fgetxattr(fd, name, v, 1) == 1 && v[0] == 'y';
	else if (streq(what, "redirect") || streq(what, "metacopy"))
		return error_set(err, ERR_INVALID,
				 "%s: overlayfs kept a part of it below (%s): mount with "
				 "redirect_dir=off,metacopy=off",
				 path, what);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tar_xattr *)a)->name, ((const struct tar_xattr *)b)->name);
}

/* -1 with errno, or the length. All values together have one limit. */
static int read_value(int fd, const char *path, const char *name, const char *as, struct xattrs *x,
		      size_t *used, struct error *err)
{
	if (!x->values)
		x->values = xalloc(1, LIMIT_LAYER_XATTR);
	ssize_t n = fgetxattr(fd, name, x->values + *used, LIMIT_LAYER_XATTR - *used);
	if (n < 0 && errno == ERANGE)
		return error_set(err, ERR_LIMIT, "%s: extended attributes of more than %d bytes",
				 path, LIMIT_LAYER_XATTR);
	if (n < 0)
		return error_sys(err, "%s: %s", path, name);
	*vec_add(&x->v) = (struct tar_xattr){ as, { x->values + *used, (size_t)n } };
	*used += (size_t)n;
	return 0;
}

static int read_each(int fd, const char *path, size_t n_names, struct xattrs *x, struct error *err)
{
	size_t used = 0;
	int r = 0;
	for (const char *name = x->names; r == 0 && name < x->names + n_names;
	     name += strlen(name) + 1) {
		const char *as = filenote_xattr(name);
		if (!as)
			r = overlay_meaning(fd, path, name, overlay_name(name), x, err);
		else if (wanted(as))
			r = read_value(fd, path, name, as, x, &used, err);
	}
	if (x->v.n > 1)
		qsort(x->v.v, x->v.n, sizeof(*x->v.v), by_name);
	return r;
}

int xattrs_read(int fd, const char *path, struct xattrs *ret, struct error *err)
{
	char few[256];
	struct xattrs x = { 0 };
	ssize_t n = flistxattr(fd, few, sizeof(few));
	if (n == 0 || (n < 0 && (errno == ENOTSUP || errno == EPERM)))
		return 0;
	if (n < 0 && errno != ERANGE)
		return error_sys(err, "%s: extended attributes", path);
	size_t cap = n < 0 ? LIMIT_LAYER_XATTR : (size_t)n;
	x.names = xalloc(1, cap + 1);
	n = flistxattr(fd, x.names, cap);
	int r = n < 0 ? error_sys(err, "%s: extended attributes", path)
		      : read_each(fd, path, (size_t)n, &x, err);
	if (r < 0)
		xattrs_done(&x);
	else
		*ret = x;
	return r;
}

void xattrs_done(struct xattrs *x)
{
	vec_done(&x->v);
	free(x->names);
	free(x->values);
	*x = (struct xattrs){ 0 };
}
