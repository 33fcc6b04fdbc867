/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One image as it was asked for: a build for each platform (solve.h), one after the other, so that
 * what they share is made once; then what comes out of them all (output.h).
 */
#ifndef BUILDER_SET_H
#define BUILDER_SET_H

#include "builder/attest-options.h"
#include "builder/solve.h"

struct member { /* of one platform */
	struct build_set *set;
	struct build_options opt; /* the set's; all but platform and event is borrowed */
	struct platform platform;
	struct task *task;
	struct build *build;	/* the same; lives as long as the set */
	char id[DIGEST_MAX];	/* of the config */
	struct descriptor desc; /* of its manifest, once there is one */
};

struct cache_import;
struct output;
struct registry;
struct build_set {
	struct task task;
	const struct build_options *opt;
	const struct build_runner *runner;
	struct store *store;
	struct registry *registry; /* opened when it is asked for */
	VEC(struct member *) members;
	size_t at;
	struct map inputs; /* contexts that were fetched, see input.c */
	VEC(struct member *) second; /* of --verify: beside members */
	bool again;		     /* these are being built: nothing comes from a cache */
	struct map made; /* keys of the steps that these builds made: good even with no_cache */
	struct slots *slots; /* of all its builds */
	bool own_slots;
	struct cache_import *import; /* NULL: nothing to read from */
	struct attest_options attest;
	struct output *output;
	char *ret_id;
};

int set_registry(struct build_set *set, struct registry **ret, struct error *err);
/* A message of the image as a whole, not of one step. */
void set_note(struct build_set *set, const char *fmt, ...) printf_like(2, 3);

#endif
