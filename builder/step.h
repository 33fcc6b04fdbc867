/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step that makes a layer: looked up in the cache; when it is not there, made in a staged
 * directory, adopted by the store, and remembered. Its parts are callbacks, so that COPY, ADD,
 * WORKDIR and RUN share the rest.
 */
#ifndef BUILDER_STEP_H
#define BUILDER_STEP_H

#include "builder/solve.h"

struct copy_job;
struct step_mount_of {
	struct run_mount m;
	char *target;		 /* absolute */
	struct rootfs from;	 /* of from=; empty: the context */
	char digest[DIGEST_MAX]; /* of what a bind shows */
};
struct ssh_proxy;
struct spread;
struct step {
	struct stage_run *run;
	const struct inst *in;
	char key[DIGEST_MAX];
	char short_key[DIGEST_MAX]; /* one that needs no reading of files, or "" */
	char *history;
	int64_t started; /* monotonic */
	int64_t newest;	 /* ns: times above this become this; INT64_MAX: the stage's newest (RUN) */
	char *upper;	 /* staged */
	struct task *task;
	char diff_id[DIGEST_MAX];
	uint64_t size;
	bool has_slot;
	bool imported; /* caches elsewhere were asked */
	struct cache_record found; /* what they had */
	/* RUN */
	struct build_step spec;
	struct spread *spread; /* its root filesystem as a directory (spread.h) */
	char *script; /* a heredoc that is a program */
	VEC(struct step_mount_of) mounts;
	int code;
	struct buf tail;
	struct strv stubs;	/* mount points that were not there before */
	struct strv staged;	/* directories made for mounts */
	struct strv files;	/* secrets: wiped at the end */
	sd_event_source *retry; /* a cache mount is waited for */
	VEC(struct ssh_proxy *) proxies;
	VEC(int) locks;	       /* of cache mounts */
	struct copy_job *copy; /* COPY, ADD */
	/* Makes the layer in upper: 0 done, 1 later (step_made), -err. */
	int (*make)(struct step *s, struct error *err);
	void (*release)(struct step *s);
};

/* The stage owns it from the start; it goes by step_drop(), step_end(), or with the stage. */
struct step *step_new(struct stage_run *run, const struct inst *in);
void step_free(struct step *s);
/* It was not needed: the instruction is done. */
void step_drop(struct step *s);
/* 1: it was in the cache, and the stage has its layer. */
int step_cached(struct step *s, struct error *err);
/* Takes a slot, stages a directory, calls make. 1: under way. */
int step_start(struct step *s, struct error *err);
/* The stage goes on after it; frees it. */
void step_end(struct step *s);
/* What make began has ended. */
void step_made(struct step *s, int r, const struct error *err);

#endif
