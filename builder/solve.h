/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The insides of a build, shared by the files that do its parts: solve.c (who runs when), stage.c
 * (one stage, instruction by instruction), base.c (images), meta.c (instructions that change the
 * config only), files.c (COPY, ADD), workdir.c, run.c (RUN), image.c (what comes out).
 *
 * Each stage that is needed has a struct stage_run. It goes on by itself until it must wait: for a
 * task of its own (a step, a base image), for another stage, or for a slot. All is called from the
 * loop; nothing calls back into a stage while it is in one of its functions.
 */
#ifndef BUILDER_SOLVE_H
#define BUILDER_SOLVE_H

#include "builder/build.h"
#include "builder/cache-config.h"
#include "builder/cache.h"
#include "builder/copy.h"
#include "builder/graph.h"

#include "event/http.h"
#include "event/slots.h"
#include "registry/platform.h"
#include "util/time.h"

#define BUILD_DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define LIMIT_BUILD_TAIL   4096 /* bytes of a step's output that an error repeats */
#define LIMIT_BUILD_SECRET (512u << 10)

enum stage_state { STAGE_IDLE, STAGE_BASE, STAGE_WORK, STAGE_STEP, STAGE_DONE };

/* A root filesystem as a build knows it: its layers, and a digest of the row of them. */
struct rootfs {
	struct strv diff_ids; /* the bottom first */
	struct strv dirs;
	char chain[DIGEST_MAX];
};
void rootfs_done(struct rootfs *r);
void rootfs_copy(struct rootfs *to, const struct rootfs *from);
void rootfs_push(struct rootfs *r, struct store *s, const char *diff_id);

/* An image that is asked for once, however many take from it. */
struct base {
	char *ref, *platform;
	struct task *task;
	struct image image;
	struct image_config config;
	struct rootfs rootfs;
	bool done;
	bool built;	       /* for this build: never pulled */
	struct layout *layout; /* where it is from, when that is no registry */
	struct build *build;
};

struct input;
struct step; /* steps.h: what is under way in a stage */

struct stage_run {
	struct build *build;
	struct stage *stage;
	enum stage_state state;
	size_t next; /* instruction */
	struct image_config cfg;
	struct rootfs rootfs;
	struct map env;	 /* of ENV and ARG, in order */
	struct map args; /* ARGs of this stage and those it goes on from */
	bool cmd_set, workdir_set;
	bool started;	 /* its base is taken over */
	int64_t created; /* ns: of its newest layer */
	int64_t newest;	 /* ns: of all that it was made from; no file in its layers is newer */
	unsigned n_step, n_steps;
	cache_record_vec made; /* its steps so far: keys and layers */
	struct step *step;
};

struct build_set;
struct build {
	struct task task;
	struct build_set *set;
	const struct build_options *opt;
	const struct build_runner *runner;
	struct store *store;
	struct graph graph;
	struct stage *target;
	VEC(struct stage_run *) runs; /* by index of the stage */
	VEC(struct base *) bases;
	sd_event_source *kick;
	const char *check;   /* which lint warnings are said; borrowed */
	uint64_t lint_found; /* a bit for each rule */
	struct error err; /* the first failure */
	bool failed;
	char *ret_id;
	VEC(struct input *) inputs; /* contexts, once they are asked for */
	struct input *input;	    /* the build's own, or NULL */
	char *dockerfile;	    /* for messages */
	char *dockerfile_path; /* on this machine, or in a context that was fetched; NULL: inline */
	bool loaded;
	struct tree *context; /* opened when it is asked for */
	struct ignore *ignored;
	bool ignored_loaded;
	int64_t epoch; /* ns: SOURCE_DATE_EPOCH, or -1 */
	struct platform platform;
	struct map args;     /* build args, values from the environment filled in */
	struct strv secrets; /* files that hold them, to be removed */
	struct slots_waiter slot;
	VEC(struct stage_run *) queue; /* for a slot */
	struct http_client *http;
	struct build_isolation isolation; /* of RUN; no name: not asked yet */
};

/* ---- solve.c ---- */
/* For the platform of opt. ret_id: of the image's config, which is in the store; nothing is tagged.
 */
struct task *build_one(struct build_set *set, const struct build_options *opt,
		       char ret_id[DIGEST_MAX]);
void build_kick(
	struct build *b); /* something has ended: stages are looked at again, from the loop */
/* The first failure is the build's. Returns -err->code. */
int build_fail(struct build *b, const struct error *err);
void build_event(struct build *b, const struct stage_run *run, enum build_event_type type,
		 const char *text);
/* A step with this key may come from the cache; it was made, and may from now on. */
bool build_may_take(const struct build *b, const char *key);
void build_made(struct build *b, const char *key);
struct stage_run *build_run_of(struct build *b, const struct stage *s);
/* 1: the caller has a slot; 0: it is in the queue. */
bool build_slot(struct build *b, struct stage_run *run);
/* Its turn comes again when there is a slot. */
void build_queue(struct build *b, struct stage_run *run);
void build_slot_free(struct build *b);

/* ---- base.c ---- */
/* ref: a reference, BUILD_BUILT_IMAGE or LAYOUT_PREFIX. */
/* 1: it is there; 0: it is on its way, the stage is looked at again. */
int build_base(struct build *b, const char *ref, const char *platform, struct base **ret,
	       struct error *err);
void base_free(struct base *base);

/* ---- layout.c ---- */
#define LAYOUT_PREFIX "oci-layout://"
struct layout;
struct layout *layout_free(struct layout *l);
/* Begins to bring the image that base->ref names so. */
int layout_bring(struct base *base, struct error *err);

/* ---- stage.c ---- */
/* Goes on as far as it can. 0, or -err: the build has failed. */
int stage_advance(struct stage_run *run);
void stage_run_free(struct stage_run *run);
/* A step of this instruction begins: has a number, is shown. */
void stage_step_begin(struct stage_run *run, const struct inst *in);
/* The layer that it gave ("": none) is the stage's newest. */
void stage_add_layer(struct stage_run *run, const char *diff_id, int64_t created,
		     const char *history);
void stage_add_history(struct stage_run *run, const char *text, bool empty);
/* Expands with what the stage knows. *ret is owned by the caller. */
int stage_expand(struct stage_run *run, const struct inst *in, const char *text, char **ret,
		 struct error *err);
/* A path against WORKDIR; a '/' at the end is kept. */
char *stage_path(const struct stage_run *run, const char *path);

/* ---- meta.c ---- */
/* An instruction that changes the config only. */
int meta_apply(struct stage_run *run, const struct inst *in, struct error *err);
/* HOME of the stage's user, by its /etc/passwd. */
int meta_home(struct stage_run *run, const struct inst *in, char **ret, struct error *err);

void meta_with_shell(const struct stage_run *run, const char *command, struct strv *ret);

/* ---- files.c, run.c: 0 done, 1 under way (the stage waits for its step) ---- */
int files_copy(struct stage_run *run, const struct inst *in, struct error *err);
/* What --from of an instruction or a mount names: 1, or 0 when it must be waited for. A directory
 * given as a context has no chain. */
int source_rootfs(struct stage_run *run, const struct inst *in, const char *text,
		  struct rootfs *ret, struct error *err);
/* Only expanded, for its warnings. */
int files_check(struct stage_run *run, const struct inst *in, struct error *err);
int files_workdir(struct stage_run *run, const struct inst *in, struct error *err);
/* Changes the config, and makes no directory. */
int workdir_take(struct stage_run *run, const struct inst *in, struct error *err);
int run_step(struct stage_run *run, const struct inst *in, struct error *err);

/* ---- context.c: the build's own context ---- */
/* 1: it is here, or there is none; 0: on its way. */
int context_load(struct build *b, struct error *err);
int context_dockerfile(struct build *b, struct buf *text, struct error *err);
/* What is copied from it. ret_dirs may be NULL: its layers; owned by the caller. */
int build_context(struct build *b, struct copy_source *ret, struct strv *ret_dirs,
		  struct error *err);

/* ---- secret.c ---- */
/* 1 and its value, which the caller wipes; 0: it was not given. */
int secret_value(const struct build *b, const char *id, struct buf *out, struct error *err);

/* ---- image.c ---- */
/* The config is complete, and in the store: b->ret_id. */
int image_finish(struct build *b, struct stage_run *run, struct error *err);

#endif
