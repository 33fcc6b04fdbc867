/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stages of a Dockerfile, what each is made from, and which of them a target needs. What an
 * instruction takes from (another stage, an image) is known before anything runs; a cycle is an
 * error that names the stages in order.
 */
#ifndef BUILDER_GRAPH_H
#define BUILDER_GRAPH_H

#include "builder/instruction.h"

#define LIMIT_STAGES 4096

struct stage {
	unsigned index;
	char *name;	  /* lower case, or NULL */
	struct inst from; /* FROM itself */
	char *base;	  /* expanded: an image's reference, "scratch", or the name of `parent` */
	char *platform;	  /* expanded, or NULL */
	struct stage *parent; /* the stage that it goes on from, or NULL */
	VEC(struct inst) insts;
	bool needed;
	bool replaced; /* graph_replace() */
};

struct graph { /* stays where it is: instructions point into it */
	struct dockerfile df;
	VEC(struct inst) globals; /* ARG before the first FROM */
	VEC(struct stage *) stages;
	struct map args; /* global arguments with their values: NULL when declared without one */
	VEC(struct dockerfile *) triggers; /* texts of ONBUILD, which instructions point into */
};

/* args: the predefined ones to begin with (TARGETPLATFORM ...); build_args: what the user gave. */
int graph_load(const char *name, struct str text, const struct map *predefined,
	       const struct map *build_args, struct graph *ret, struct error *err);
void graph_done(struct graph *g);

/* The last stage of that name (any case), or NULL. */
struct stage *graph_find(const struct graph *g, const char *name);
/* By name, or NULL for the last; marks all that it needs. Cycles are found here. */
int graph_target(struct graph *g, const char *name, struct stage **ret, struct error *err);
/* The stage that "--from=TEXT" of an instruction in `s` means: 1, or 0 when TEXT is an image or a
 * context. */
int graph_from(const struct graph *g, const struct stage *s, const struct inst *in,
	       const char *text, struct stage **ret, struct error *err);
/* Puts the triggers of the base image before the instructions of the stage. */
int graph_add_triggers(struct graph *g, struct stage *s, const struct strv *triggers,
		       struct error *err);
/* Something else stands in its place: what it says is not done. */
void graph_replace(struct stage *s);
/* How many instructions of the stage make steps with a number. */
unsigned stage_steps(const struct stage *s);

#endif
