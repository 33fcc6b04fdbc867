/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes of a layer's file: those that belong into an image, and what overlayfs says
 * by them. */
#ifndef REGISTRY_PACK_XATTRS_H
#define REGISTRY_PACK_XATTRS_H

#include "registry/tar.h"
#include "util/vec.h"

struct xattrs {
	VEC(struct tar_xattr) v; /* by name; security.capability and user.* */
	char *names, *values;	 /* what v points into */
	bool opaque;		 /* a directory that hides all below */
};

/* A directory or file that overlayfs has only half of (redirected, or without its data) is
 * -ERR_INVALID. */
int xattrs_read(int fd, const char *path, struct xattrs *ret, struct error *err);
void xattrs_done(struct xattrs *x);

#endif
