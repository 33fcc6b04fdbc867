/* SPDX-License-Identifier: Apache-2.0 */
/* oci-layout://DIRECTORY[:TAG][@DIGEST]: an image of an OCI layout on this machine. */
#include "builder/solve.h"

#include <fcntl.h>
#include <unistd.h>

struct layout {
	char *dir, *tag, *digest;
	struct platform platform;
	struct layout_want want;
};

struct layout *layout_free(struct layout *l)
{
	if (!l)
		return NULL;
	free(l->dir);
	free(l->tag);
	free(l->digest);
	free(l);
	return NULL;
}

static void parse(const char *text, struct layout *l)
{
	const char *at = strrchr(text, '@');
	struct str rest = str_of(text), dir, tag;

	if (at && digest_valid(at + 1)) {
		l->digest = xstrdup(at + 1);
		rest.n = (size_t)(at - text);
	}
	if (str_rcut(rest, ':', &dir, &tag) && tag.n && !memchr(tag.p, '/', tag.n)) {
		l->tag = str_dup(tag);
		rest = dir;
	}
	l->dir = str_dup(rest);
	if (!l->tag && !l->digest)
		l->tag = xstrdup("latest");
}

static int open_layout(struct layout *l, int *ret_fd, struct error *err)
{
	*ret_fd = open(l->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret_fd < 0)
		return error_sys(err, "%s", l->dir);
	if (faccessat(*ret_fd, "oci-layout", F_OK, 0) == 0)
		return 0;
	return error_set(err, ERR_INVALID, "%s is no OCI layout: it has no file oci-layout",
			 l->dir);
}

int layout_bring(struct base *base, struct error *err)
{
	const char *text = skip_prefix(base->ref, LAYOUT_PREFIX);
	struct build *b = base->build;
	struct layout *l = xnew(struct layout);
	autoclose int fd = -1;
	int r;

	base->layout = l;
	parse(text, l);
	r = base->platform ? platform_parse(base->platform, &l->platform, err) : 0;
	if (!r)
		r = open_layout(l, &fd, err);
	if (r < 0)
		return r;
	l->want = (struct layout_want){ .tag = l->tag,
					.digest = l->digest,
					.platform = base->platform ? &l->platform : NULL };
	base->task = store_load_layout(b->store, b->task.loop, fd, &l->want, &base->image);
	return 0;
}
