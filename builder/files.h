/* SPDX-License-Identifier: Apache-2.0 */
/* One COPY or ADD: its arguments expanded, what it takes found. */
#ifndef BUILDER_FILES_H
#define BUILDER_FILES_H

#include "builder/step.h"

#include "util/json.h"

#define COPY_TIME_UNKNOWN INT64_MIN

/* A file that is in no tree: a heredoc, or what a URL gave. */
struct copy_extra {
	char *name;
	int fd;
	mode_t mode;
	int64_t mtime; /* ns; COPY_TIME_UNKNOWN: that of the step */
	char digest[DIGEST_MAX];
};

/* A git repository that ADD takes. */
struct git_part {
	char *url, *ref, *subdir, *checksum;
	char *commit; /* once it is fetched */
	char *dir;    /* staged */
	struct tree *tree;
	struct copy_source source;
	copy_picks picks;
};

struct copy_job {
	struct rootfs from; /* of --from; kept while it is read */
	struct tree *tree;  /* of --from; NULL: the context */
	struct copy_source source;
	struct strv sources; /* paths; URLs are fetched into extras */
	struct strv urls;
	VEC(struct git_part) gits;
	char *dest, *chmod_text, *checksum;
	struct chmod chmod;
	struct copy_options opt;
	struct ignore *exclude;
	copy_picks picks;
	VEC(struct copy_extra) extras;
	bool unpack;	   /* archives are unpacked */
	struct strv lower; /* what it is copied over: none with --link */
	struct copier *copier;
	size_t next;		 /* pick */
	struct strv dirs;	 /* the layers of `source`: paths */
	bool heavy;		 /* too much for the loop */
	char digest[DIGEST_MAX]; /* of the picks */
	json_t *answer;		 /* of a helper */
};

struct copy_job *copy_job_free(struct copy_job *j);
DEFINE_FREEP(struct copy_job, copy_job_free);

bool source_is_http(const char *text);
bool source_is_git(const char *text);
/* Fetches the job's URLs, one after the other, into extras; then calls then(s). 0, or -err at once.
 */
int fetch_start(struct step *s, int (*then)(struct step *s, struct error *err), struct error *err);
/* "git://host/path.git#ref:subdir", "https://host/path.git?ref=x&subdir=y", "git@host:path". */
int git_part_parse(const char *text, struct git_part *ret, struct error *err);
void git_part_done(struct git_part *p, struct store *store);
/* Fetches the job's repositories, one after the other; then calls then(s). */
int git_start(struct step *s, int (*then)(struct step *s, struct error *err), struct error *err);
/* A file that has only a descriptor. */
int copy_extra_of(const char *name, const char *p, size_t n, mode_t mode, struct copy_extra *ret,
		  struct error *err);

/* 0: it is no archive by its looks; 1: compose-add is at it, and copy_go_on() comes. */
int archive_add(struct step *s, const struct copy_pick *pick, struct error *err);
/* files.c: what archive_add() began has ended. was_archive false: it is a file like others. */
void copy_go_on(struct step *s, bool was_archive, int r, struct error *err);

/* heavy.c: too much to be read and copied between two turns of the loop? */
bool heavy_is(const struct copy_job *j);
void heavy_digest(struct step *s); /* then copy_digested() */
void heavy_copy(struct step *s);   /* then copy_went() */
void copy_digested(struct step *s, int r, struct error *err);
void copy_went(struct step *s, int r, struct error *err);

#endif
