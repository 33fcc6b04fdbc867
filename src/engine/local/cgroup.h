/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups without a runtime: the three ways in which a machine mounts them, and how what is
 * in one is ended and the group removed. Paths are as in config.json ("/compose/ID"), below the
 * mount of each hierarchy.
 *
 * Uses libc alone: the shim links it.
 */
#ifndef LOCAL_CGROUP_H
#define LOCAL_CGROUP_H

#include "util/error.h"

enum cgroup_mode { CGROUP_NONE, CGROUP_V1, CGROUP_V2, CGROUP_HYBRID };

enum cgroup_mode cgroup_mode(void);
/* Kills what is in the group and those below it, and removes them. Gone already is fine. Blocks, at
 * most a few seconds. */
int cgroup_remove(const char *path, struct error *err);
void cgroup_kill(const char *path);
/* Stops all that is in it, or lets it go on; it has when this returns. */
int cgroup_freeze(const char *path, bool on, struct error *err);
/* Whether the kernel killed something in it for lack of memory. */
bool cgroup_oom(const char *path);
/* The pids in it and below, for fn. */
void cgroup_pids(const char *path, void (*fn)(void *userdata, int pid), void *userdata);

#endif
