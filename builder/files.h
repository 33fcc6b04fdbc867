/* SPDX-License-Identifier: Apache-2.0 */
/* One COPY or ADD: its arguments expanded, what it takes found. */
#ifndef BUILDER_FILES_H
#define BUILDER_FILES_H

#include "builder/source.h"
#include "builder/step.h"

#include "util/json.h"

#define COPY_TIME_UNKNOWN INT64_MIN

/* A file that is in no tree: a heredoc, or what a URL gave. */
struct copy_extra {
	char *name;
	int fd; /* -1: of a URL, whose answer was that nothing changed */
	mode_t mode;
	int64_t mtime; /* ns; COPY_TIME_UNKNOWN: that of the step */
	char digest[DIGEST_MAX];
	bool fetched; /* of a URL */
};

/* What ADD takes from elsewhere: a file by URL, or a repository. */
struct copy_remote {
	char *url;
	bool is_git, got;
	struct git_source git;
	char diff_id[DIGEST_MAX]; /* of the repository's files */
};

/* Files of one tree. */
struct copy_part {
	struct copy_source source;
	struct tree *tree;	/* NULL: the build context's */
	struct strv dirs;	/* its layers */
	struct ignore *ignored; /* its own, of a directory given as a context */
	char chain[DIGEST_MAX]; /* what it is known by; "": by reading it */
	struct strv paths;
	copy_picks picks;
	bool heavy; /* too much for the loop */
	char digest[DIGEST_MAX];
};

struct copy_job {
	struct rootfs from; /* of --from; kept while it is read */
	VEC(struct copy_part) parts;
	VEC(struct copy_remote) remotes;
	VEC(struct copy_extra) extras;
	char *dest, *chmod_text, *checksum;
	struct chmod chmod;
	struct copy_options opt;
	struct ignore *exclude;
	bool unpack;	     /* archives are unpacked */
	bool unpack_fetched; /* those of URLs too */
	bool whole;	     /* URLs give their bytes, changed or not */
	struct strv lower;   /* what it is copied over: none with --link */
	struct copier *copier;
	/* where it is */
	size_t part, next; /* pick; after the last part: extra */
	int archive;	   /* the one at hand, or -1 */
	struct url_source url;
	json_t *answer; /* of a helper */
};

/* A file that has only a descriptor. */
int copy_extra_of(const char *name, const char *p, size_t n, mode_t mode, struct copy_extra *ret,
		  struct error *err);

/* ---- fetch.c ---- */
/* Fetches the job's remotes, one after the other; then calls copy_fetched(). */
void fetch_start(struct step *s);

/* ---- archive.c ---- */
/* fd is taken. 0: it is no archive by its looks; 1: compose-add is at it, and copy_go_on() comes.
 */
int archive_add(struct step *s, int fd, struct error *err);

/* ---- heavy.c ---- */
/* Too much to be read and copied between two turns of the loop? */
bool heavy_is(const struct copy_job *j, const struct copy_part *p);
void heavy_digest(struct step *s); /* of the part at hand; then copy_digested() */
void heavy_copy(struct step *s);   /* the same; then copy_went() */

/* ---- copy-step.c: goes on ---- */
/* The job of s->copy is complete but for its remotes. 0: it was in the cache, 1: under way. */
int copy_begin(struct step *s, struct error *err);
void copy_fetched(struct step *s, int r, struct error *err);
void copy_digested(struct step *s, int r, struct error *err);
void copy_went(struct step *s, int r, struct error *err);
/* What archive_add() began has ended. was_archive false: it is a file like others. */
void copy_go_on(struct step *s, bool was_archive, int r, struct error *err);

#endif
