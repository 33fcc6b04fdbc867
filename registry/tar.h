/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing tar archives: ustar headers, and PAX extended headers for what ustar can't say (names of
 * more than 100 bytes, large numbers, extended attributes). The same members give the same bytes:
 * no names of users, no times of the moment, no padding but zeros. Reading them is libarchive's, in
 * compose-unpack.
 */
#ifndef REGISTRY_TAR_H
#define REGISTRY_TAR_H

#include "util/buf.h"
#include "util/vec.h"

#define TAR_BLOCK 512

enum tar_type {
	TAR_FILE = '0',
	TAR_LINK = '1',
	TAR_SYMLINK = '2',
	TAR_CHAR = '3',
	TAR_BLOCK_DEVICE = '4',
	TAR_DIR = '5',
	TAR_FIFO = '6',
};

struct tar_xattr {
	const char *name; /* borrowed */
	struct str value;
};

struct tar_member { /* all borrowed */
	enum tar_type type;
	const char *name; /* relative; a directory's ends in '/' */
	const char *link; /* TAR_LINK, TAR_SYMLINK */
	unsigned mode;	  /* permission bits */
	uint32_t uid, gid;
	uint64_t size; /* of TAR_FILE */
	int64_t mtime; /* s */
	unsigned major, minor;
	const struct tar_xattr *xattrs; /* sorted by the caller */
	size_t n_xattrs;
};

/* Appends the header blocks to out; -ERR_LIMIT when it is full. */
int tar_header(struct buf *out, const struct tar_member *m, struct error *err);
/* Zeros after n bytes of content. */
static inline size_t tar_padding(uint64_t n)
{
	return (TAR_BLOCK - n % TAR_BLOCK) % TAR_BLOCK;
}
#define TAR_END_BYTES 1024 /* of zeros end an archive */

#endif
