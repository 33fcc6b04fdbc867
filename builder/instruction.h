/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions: a line of a Dockerfile whose keyword, flags and form of arguments are known and
 * checked. Tables say what each may have; nothing is expanded yet.
 */
#ifndef BUILDER_INSTRUCTION_H
#define BUILDER_INSTRUCTION_H

#include "builder/dockerfile.h"

#include "util/map.h"

enum inst_kind {
	INST_ADD,
	INST_ARG,
	INST_CMD,
	INST_COPY,
	INST_ENTRYPOINT,
	INST_ENV,
	INST_EXPOSE,
	INST_FROM,
	INST_HEALTHCHECK,
	INST_LABEL,
	INST_MAINTAINER,
	INST_ONBUILD,
	INST_RUN,
	INST_SHELL,
	INST_STOPSIGNAL,
	INST_USER,
	INST_VOLUME,
	INST_WORKDIR,
	INST_COUNT_,
};

enum inst_bool { INST_UNSET, INST_FALSE, INST_TRUE };

struct inst_flags {
	char *from, *chown, *chmod, *checksum, *platform, *network, *security;
	char *interval, *timeout, *start_period, *start_interval, *retries;
	struct strv mounts, excludes, devices;
	enum inst_bool link, parents, keep_git_dir, unpack;
};

struct inst {
	enum inst_kind kind;
	const struct dockerfile *df; /* borrowed */
	const struct line *line;     /* borrowed */
	/* Words or JSON elements; of ENV and LABEL keys and values in turn; of HEALTHCHECK its type
	 * first; of the shell form one string. */
	struct strv args;
	bool json;
	bool legacy;  /* ENV and LABEL with a blank for '=' */
	bool onbuild; /* a trigger of the base image */
	struct inst_flags flags;
};

const char *inst_name(enum inst_kind kind); /* "COPY" */
/* Keeps pointers to df and line. -ERR_INVALID and -ERR_UNSUPPORTED with their place. */
int inst_parse(const struct dockerfile *df, const struct line *line, struct inst *ret,
	       struct error *err);
void inst_done(struct inst *in);
/* Adds the place of the instruction (of `what` in it, when that is found) to err. Returns
 * -err->code. */
int inst_error_at(const struct inst *in, const char *what, struct error *err);
/* What ONBUILD keeps in the image: the instruction after it with its heredocs. Owned by the caller.
 */
char *inst_onbuild_text(const struct inst *in);

/* ---- RUN --mount ---- */

enum run_mount_type {
	RUN_MOUNT_BIND,
	RUN_MOUNT_CACHE,
	RUN_MOUNT_TMPFS,
	RUN_MOUNT_SECRET,
	RUN_MOUNT_SSH
};
enum run_mount_sharing { RUN_MOUNT_SHARED, RUN_MOUNT_PRIVATE, RUN_MOUNT_LOCKED };
struct run_mount {
	enum run_mount_type type;
	enum run_mount_sharing sharing;
	char *from, *source, *target, *id, *env; /* env: of a secret; "" for the default name */
	bool read_only, required;
	uint64_t size;
	int64_t mode, uid, gid; /* -1: not given */
};

/* Values are expanded with env; without it (NULL) only `from` is looked at, since it must be known
 * before. */
int run_mount_parse(const char *text, char escape, const struct map *env, struct run_mount *ret,
		    struct error *err);
void run_mount_done(struct run_mount *m);

#endif
