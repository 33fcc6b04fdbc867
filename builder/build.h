/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The builder: a Dockerfile and a context in, an image in the store out. It reads, plans and
 * caches; what runs (RUN) and what is fetched (FROM, COPY --from=IMAGE) it asks of its runner,
 * which the cli plugs an engine into.
 */
#ifndef BUILDER_BUILD_H
#define BUILDER_BUILD_H

#include "registry/store.h"
#include "util/map.h"
#include "util/strv.h"
#include "util/vec.h"

/* One RUN. The root filesystem is an overlay of `layers` (the bottom first), `upper` and `work`. */
struct build_mount {
	char *source; /* host path; of an overlay: its options, lowerdir=... */
	char *target;
	char *type; /* "bind", "tmpfs", "overlay" (read-only) */
	bool read_only;
	uint64_t size;
};
struct build_step {
	struct strv layers;
	char *upper, *work;
	char *rootfs; /* a plain directory in place of these three, where the runner wants that */
	struct strv argv, env;
	char *working_dir, *user;
	char *network; /* "default", "none", "host" */
	struct strv extra_hosts;
	VEC(struct build_mount) mounts;
	VEC(struct build_ulimit {
		char *name;
		int64_t soft, hard;
	})
	ulimits;
	uint64_t shm_size;
	bool privileged;
	void (*output)(void *userdata, bool is_stderr, const void *p, size_t n);
	void *userdata;
};
struct build_isolation {
	const char *name;
	bool plain_root;  /* RUN needs its root filesystem as a directory: nothing can be mounted */
	bool plain_binds; /* a mount shows one directory, not an overlay of several */
};
struct build_runner {
	/* Before the first step that runs: how that is kept apart. */
	struct task *(*isolation)(void *userdata, struct build_isolation *ret);
	/* Runs a step to its end; *ret_code is the exit code of its process. */
	struct task *(*run)(void *userdata, const struct build_step *step, int *ret_code);
	/* Makes sure that ref is in the store; pull: asks the registry even when it is here. */
	struct task *(*image)(void *userdata, const char *ref, const char *platform, bool pull,
			      struct image *ret);
	void *userdata;
};

enum build_event_type {
	BUILD_STEP_START,
	BUILD_STEP_CACHED,
	BUILD_STEP_DONE,
	BUILD_STEP_FAILED,
	BUILD_OUTPUT,
	BUILD_WARNING,
	BUILD_NOTE, /* of the image as a whole */
	BUILD_PROGRESS
};
struct build_event {
	enum build_event_type type;
	unsigned step, total; /* "[3/7]", 0 when it has no number */
	const char *stage;    /* name of the stage, or NULL */
	const char *text;     /* the instruction, the warning */
	struct str output;    /* BUILD_OUTPUT: raw bytes */
	bool is_stderr;
	uint64_t done, bytes; /* BUILD_PROGRESS */
	int64_t elapsed;      /* ns, of an ended step */
	const char *file;     /* a warning's place */
	unsigned line, end;   /* end 0: that line alone */
};

#define BUILD_BUILT_IMAGE "built-image://"

struct build_secret {
	char *id, *file, *env; /* one of file, env */
};

struct build_options {
	char *context;	  /* absolute directory; later a git URL, a tar */
	char *dockerfile; /* relative to the context unless absolute; NULL: Dockerfile */
	char *dockerfile_inline;
	struct map args; /* a NULL value: from the environment */
	char *target;
	struct map labels;
	struct strv tags;
	char *platform;	       /* NULL: the machine's */
	struct strv platforms; /* several: an index with an image for each; empty: platform */
	char *provenance, *sbom; /* "true", "false", "mode=max"...; NULL: none */
	/* additional_contexts: name -> path, URL, docker-image://REF, oci-layout://DIR, or of an image
	 * that was built for this and is never pulled: BUILD_BUILT_IMAGE and its name. */
	struct map contexts;
	VEC(struct build_secret) secrets;
	struct map ssh;
	struct strv cache_from, cache_to, extra_hosts, entitlements;
	VEC(struct build_ulimit) ulimits;
	uint64_t shm_size;
	char *network;
	bool no_cache, pull, privileged;
	bool check;  /* nothing is made: what warnings there are, and any is an error at the end */
	bool verify; /* built once more without a cache: another result is an error */
	unsigned parallel;   /* steps at once; 0: by processors */
	struct slots *slots; /* where steps and pulls take theirs, in place of parallel; borrowed, or NULL */
	const struct map *environ;
	void (*event)(void *userdata, const struct build_event *ev);
	void *userdata;
};

/* ret_id: the image's id. opt must live until the end. A RUN that fails: -ERR_CHILD,
 * err->exit_code; a fault of the Dockerfile has its place. */
struct task *build_start(sd_event *loop, struct store *store, const struct build_runner *runner,
			 const struct build_options *opt, char ret_id[DIGEST_MAX]);
void build_options_done(struct build_options *opt);

#endif
