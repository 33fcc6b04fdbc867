/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY and ADD on directories: what a source argument stands for, the digest of it for the cache,
 * and the copy itself, written in overlayfs's form into an upper layer over the layers of a stage.
 * Nothing is mounted; everything blocks.
 */
#ifndef BUILDER_COPY_H
#define BUILDER_COPY_H

#include "builder/chmod.h"
#include "builder/ignore.h"
#include "builder/tree.h"

#include "util/hash.h"
#include "util/vec.h"

#define LIMIT_COPY_MATCHES 100000 /* files that wildcards of one source may match */

/* Where files come from. */
struct copy_source {
	const struct tree *tree;
	const struct ignore *ignored; /* .dockerignore, or NULL */
	bool own;		      /* owners are kept; of a build context they become root */
	const char *name;	      /* for messages: "the build context" */
};

struct copy_options {
	const struct chmod *chmod; /* or NULL */
	int64_t uid, gid;	   /* --chown; -1: as the source says */
	const struct ignore *exclude;
	bool parents;
};

/* One file or directory that a source argument means. */
struct copy_pick {
	char *path; /* in the tree, symlinks followed */
	char *base; /* the name it gets in a directory */
	struct stat st;
	struct ignore *include; /* --parents: what is taken below path */
};
typedef VEC(struct copy_pick) copy_picks;
void copy_picks_done(copy_picks *v);

/* Appends what `arg` means: nothing for a wildcard that matches nothing; -ERR_NOT_FOUND says
 * whether .dockerignore hides it. */
int copy_select(const struct copy_source *src, const char *arg, bool parents, copy_picks *ret,
		struct error *err);
/* All that decides what a copy of these gives: names, modes, owners, contents; not times. newest
 * (ns, may be NULL) is raised to the newest time of what is copied. */
int copy_digest(const struct copy_source *src, const copy_picks *picks,
		const struct ignore *exclude, struct hash *h, int64_t *newest, struct error *err);

struct copier;
/* lower: the layers of the stage, the bottom first; upper: a directory that becomes the next one.
 * opt is borrowed. */
int copier_new(const struct strv *lower, const char *upper, const struct copy_options *opt,
	       struct copier **ret, struct error *err);
struct copier *copier_free(struct copier *c);
DEFINE_FREEP(struct copier, copier_free);
/* dest: absolute; a '/' at its end makes it a directory. */
int copier_copy(struct copier *c, const struct copy_source *src, const struct copy_pick *pick,
		const char *dest, struct error *err);
/* A file of these bytes, from an open descriptor (read from its start). mtime in ns. */
int copier_file(struct copier *c, int fd, const char *name, mode_t mode, int64_t mtime,
		const char *dest, struct error *err);
/* mkdir -p; only what it makes gets mode and owner. *ret_path: without symlinks; may be NULL. */
int copier_mkdirs(struct copier *c, const char *path, mode_t mode, int64_t uid, int64_t gid,
		  char **ret_path, struct error *err);

/* A directory of the copy's root filesystem, by a path without symlinks; what is only below is
 * copied up. */
int copier_open(struct copier *c, const char *path, struct place *ret, struct error *err);

/* "user", "user:group", ":group", names or numbers, as /etc/passwd and /etc/group of the tree know
 * them. A name alone has the group that passwd says, a number alone the same number. What is
 * unknown is -ERR_NOT_FOUND when strict; else an unknown user is root, an unknown group the user's.
 */
int copy_owner(const struct tree *t, const char *text, bool strict, int64_t *ret_uid,
	       int64_t *ret_gid, struct error *err);
/* Of who runs as "user" or "user:group": "/" when no line has that number, -ERR_NOT_FOUND for a
 * name that is not there. Owned by the caller. */
int user_home(const struct tree *t, const char *text, char **ret, struct error *err);

#endif
