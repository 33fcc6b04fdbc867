/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warnings under the names that BuildKit's build checks have. Which are said is the Dockerfile's to
 * choose ("# check=skip=A,B;error=true" on top, "# check=skip=A" right above an instruction), or
 * the build argument's BUILDKIT_DOCKERFILE_CHECK, which goes before the former.
 */
#ifndef BUILDER_LINT_H
#define BUILDER_LINT_H

#include "builder/solve.h"

enum lint_rule {
	LINT_STAGE_NAME_CASING,
	LINT_FROM_AS_CASING,
	LINT_NO_EMPTY_CONTINUATION,
	LINT_CONSISTENT_INSTRUCTION_CASING,
	LINT_DUPLICATE_STAGE_NAME,
	LINT_RESERVED_STAGE_NAME,
	LINT_JSON_ARGS_RECOMMENDED,
	LINT_MAINTAINER_DEPRECATED,
	LINT_UNDEFINED_ARG_IN_FROM,
	LINT_WORKDIR_RELATIVE_PATH,
	LINT_UNDEFINED_VAR,
	LINT_MULTIPLE_INSTRUCTIONS,
	LINT_LEGACY_KEY_VALUE,
	LINT_REDUNDANT_TARGET_PLATFORM,
	LINT_SECRETS,
	LINT_INVALID_DEFAULT_ARG,
	LINT_PLATFORM_CONST,
	LINT_COPY_IGNORED_FILE,
	LINT_INVALID_DESCRIPTION,
	LINT_EXPOSE_PROTO_CASING,
	LINT_EXPOSE_INVALID_FORMAT,
	LINT_INVALID_BASE_PLATFORM,
	LINT_UNUSED_BUILD_ARG, /* ours */
	LINT_COUNT_,
};

struct lint_info {
	const char *name;
	const char *what;  /* for the page of documentation */
	bool experimental; /* said only when it is asked for */
};
extern const struct lint_info lint_rules[LINT_COUNT_];

/* Reads what is to be said; before any warning. */
int lint_begin(struct build *b, struct error *err);
/* line: whose instruction it is; NULL: the file's. */
void lint_warn(struct build *b, enum lint_rule rule, const struct line *line, const char *fmt, ...)
	printf_like(4, 5);
/* -ERR_INVALID when "error=true" makes the warnings so far errors. */
int lint_verdict(struct build *b, struct error *err);

/* What the text alone shows. */
void lint_graph(struct build *b);
/* What an instruction shows, or what its stage knows so far. */
void lint_inst(struct stage_run *run, const struct inst *in);
/* Variables that were expanded and not there. */
void lint_unset(struct stage_run *run, const struct inst *in, const struct strv *unset);
/* A path that COPY or ADD takes of the build context. */
void lint_copy(struct stage_run *run, const struct inst *in, const char *path);
/* The image that a stage begins from, and the platform that was wanted. */
void lint_base(struct stage_run *run, const char *platform, const struct base *base);
void lint_expose(struct stage_run *run, const struct inst *in, const char *port);
/* Arguments that the user gave and no ARG takes. */
void lint_args(struct build *b);

#endif
