/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine can do for us: each answer is the result of doing it, in a process or directory
 * that is thrown away. */
#ifndef LOCAL_DOCTOR_H
#define LOCAL_DOCTOR_H

#include "engine/local/local.h"

/* Owned texts; hint may be NULL. */
void doctor_add(doctor_findings *v, const char *group, const char *name, enum doctor_state state,
		char *detail, const char *hint);

/* doctor-host.c: control groups, namespaces, seccomp, ports, programs, foreign machines. */
void doctor_host(struct local *l, doctor_findings *v);
/* doctor-store.c: where images lie, overlayfs, copies that share their blocks. */
void doctor_store(struct local *l, doctor_findings *v);
/* Runs a program to its end: its exit code, or -1 when it can't be started; what it wrote (NULL:
 * not asked), at most a line. */
int doctor_run(char *const *argv, const char *input, char **ret_line);

#endif
