/* SPDX-License-Identifier: Apache-2.0 */
/* The mounts of a RUN: found, made into paths of the host, and put away. */
#ifndef BUILDER_MOUNTS_H
#define BUILDER_MOUNTS_H

#include "builder/step.h"

#define RUN_SCRIPTS "/dev/pipes" /* where a heredoc that is a program is seen */

/* 1: all that the mounts take from is there; 0: it must be waited for. */
int mounts_ready(struct stage_run *run, const struct inst *in, struct error *err);
/* Expands, checks, finds sources. */
int mounts_parse(struct step *s, struct error *err);
/* Their part of the step's key: no secret, no content of a cache. */
void mounts_key(const struct step *s, struct cache_key *k);
/* Makes the host's side of each; 0, or 1: must wait for a cache (run_now() is called then). */
int mounts_prepare(struct step *s, struct error *err);
/* Puts away what was made for the step (secrets, copies, locks). */
void mounts_release(struct step *s);
/* stubs.c: notes where the mounts go, before they are there. */
int stubs_note(struct step *s, struct error *err);
/* Takes mount points that were made for the step out of the layer, unless something was written
 * there. */
int mounts_clean(struct step *s, struct error *err);

/* Removes the secrets of processes that were killed. */
void mounts_sweep(void);

/* run.c: starts the step's process, its mounts being ready. */
int run_now(struct step *s);

/* ssh.c: a socket at `path` whose connections go to the agent's. */
int ssh_proxy_new(sd_event *loop, const char *path, const char *agent, uid_t uid, gid_t gid,
		  mode_t mode, struct ssh_proxy **ret, struct error *err);
struct ssh_proxy *ssh_proxy_free(struct ssh_proxy *p);

#endif
