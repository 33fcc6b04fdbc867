/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a tar, as libarchive reads them from a source, with names that are clean and
 * relative. */
#ifndef REGISTRY_UNPACK_ENTRY_H
#define REGISTRY_UNPACK_ENTRY_H

#include "registry/unpack/source.h"
#include "util/str.h"
#include "util/vec.h"

#include <sys/stat.h>
#include <time.h>

struct entry_xattr {
	const char *name;
	const void *value;
	size_t n;
};

struct entry {		     /* valid until the next one */
	char *path;	     /* clean, relative, no ".."; "" is the directory itself */
	char *link;	     /* target of a hard link, like path; or NULL */
	const char *symlink; /* as it is; or NULL */
	mode_t type;	     /* S_IF*; 0 for a hard link */
	unsigned mode;	     /* permission bits */
	uid_t uid;
	gid_t gid;
	dev_t rdev;
	uint64_t size;
	struct timespec mtime;
	VEC(struct entry_xattr) xattrs; /* those that a layer may carry */
};

struct reader;
/* src is borrowed. */
int reader_new(struct source *src, struct reader **ret, struct error *err);
struct reader *reader_free(struct reader *r);
DEFINE_FREEP(struct reader, reader_free);
/* 1 and a member, 0 at the end. A name that leaves the archive by ".." is -ERR_INVALID. */
int reader_next(struct reader *r, struct entry *e, struct error *err);
/* The member's next bytes and where they belong (a sparse file has gaps): 1, or 0 at its end. */
int reader_data(struct reader *r, const void **ret_p, size_t *ret_n, int64_t *ret_at,
		struct error *err);
void entry_done(struct entry *e);

#endif
