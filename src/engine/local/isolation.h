/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ladder: how a step of a build is kept apart from the machine, the strongest rung first. Which
 * rungs are there is found out by running a program on them; the answer is kept in RUN/isolation
 * for as long as what we may do is the same. A step runs on the rung that was chosen or found, and
 * fails when that one fails: it never goes on with less.
 */
#ifndef LOCAL_ISOLATION_H
#define LOCAL_ISOLATION_H

#include "engine/local/local.h"
#include "engine/local/oci-spec.h"

enum isolation {
	ISOLATION_USERNS,  /* the runtime, in a user namespace of its own */
	ISOLATION_ROOT,	   /* the runtime, as root */
	ISOLATION_HOSTNET, /* the runtime, with the network that we have */
	ISOLATION_CHROOT,  /* chroot alone */
	ISOLATION_COUNT,
	ISOLATION_AUTO = ISOLATION_COUNT, /* the strongest there is */
};

/* "userns", "root", "hostnet", "chroot". */
const char *isolation_name(enum isolation i);
/* NULL and "" are auto. -ERR_INVALID names the known ones. */
int isolation_parse(const char *text, enum isolation *ret, struct error *err);

/* Runs a program that does nothing on this rung: 0, or why it can't be. */
struct task *isolation_probe(struct local *l, enum isolation i);

/* The answer of an earlier process, which could do what we can: 1, or 0. */
int isolation_recall(struct local *l, enum isolation *ret, struct error *err);
void isolation_remember(struct local *l, enum isolation i);
void isolation_forget(struct local *l);

/* step.c: on this rung, whatever the engine's is. */
struct task *step_run_on(struct local *l, enum isolation i, const struct step_spec *spec,
			 int *ret_code);

/* step-map.c: root's step in a user namespace. uids 0: it isn't. */
int id_map_find(struct id_map *m, const char *dir, const char *run_dir, struct error *err);
void id_map_job(const struct id_map *m, const struct step_spec *spec, struct buf *job);
void id_map_use(const struct id_map *m, const struct step_spec *spec, const char *dir,
		struct oci_spec *o);

/* step-process.c: DIR/process, for the shim, in place of config.json. */
int process_write(const char *dir, const struct oci_spec *o, struct error *err);

#endif
