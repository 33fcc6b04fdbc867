/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contexts: the build's own and the additional ones. A directory is there; what is elsewhere (a git
 * repository, a tar or a Dockerfile by URL, stdin) is fetched into a layer of the store when
 * somebody asks for it, once, and found there again by its commit or its digest.
 */
#ifndef BUILDER_INPUT_H
#define BUILDER_INPUT_H

#include "builder/source.h"

#define INPUT_FILE  "context" /* what a file is called that is no archive */
#define INPUT_STDIN "-"

struct input {
	struct build *build;
	char *text;  /* as the user gave it */
	char *shown; /* the same for messages */
	bool plain;  /* a URL's file is not unpacked, whatever it is */
	bool done;
	/* once it is done */
	struct rootfs
		rootfs; /* of a directory without a chain: its content is known by reading it */
	bool is_file;	/* it holds nothing but INPUT_FILE */
	bool own;	/* owners of files are kept */
	/* while it is under way */
	struct git_source git;
	struct url_source url;
	char key[2][DIGEST_MAX]; /* of an archive, of a file */
	char diff_id[DIGEST_MAX];
	char *dir; /* staged */
	uint64_t size;
	json_t *answer;
	struct task *task;
};

/* Is this not a path? */
bool input_is_remote(const char *text);
/* 1: it is there; 0: it is on its way, and the build is kicked then. plain: of an additional
 * context. The build owns it. */
int build_input(struct build *b, const char *text, bool plain, struct input **ret,
		struct error *err);
struct input *input_free(struct input *in);

/* The additional context of that name, as it was given: "docker.io/library/alpine:latest" and
 * "alpine" are the same. NULL: there is none. */
const char *context_named(const struct build *b, const char *name);
/* The image that a context is, as build_base() takes it; NULL: it is files. */
const char *context_image(const char *ctx);

#endif
