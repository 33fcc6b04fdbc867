/* SPDX-License-Identifier: Apache-2.0 */
/* From a record, or a step of a build, to the tables that config.json is made of. */
#ifndef LOCAL_OCI_CONTAINER_H
#define LOCAL_OCI_CONTAINER_H

#include "engine/local/local.h"
#include "engine/local/oci-spec.h"

#define CGROUP_PARENT "/compose"

/* rootfs: the mounted root filesystem; run_dir: where hosts, hostname and resolv.conf are. Volumes
 * that are empty are filled from it. */
int oci_of_record(struct local *l, const struct record *rec, int rootfs, const char *run_dir,
		  const char *hostname, struct oci_spec *ret, struct error *err);
int oci_of_step(struct local *l, const struct step_spec *s, int rootfs, const char *run_dir,
		const char *cgroup, struct oci_spec *ret, struct error *err);
/* A process that is to run in a container beside its first one. */
int oci_of_exec(const struct record *rec, const struct exec_spec *x, int rootfs,
		const char *hostname, struct oci_spec *ret, struct error *err);
char *record_cgroup(const struct record *rec);

#endif
