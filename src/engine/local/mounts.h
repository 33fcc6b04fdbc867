/* SPDX-License-Identifier: Apache-2.0 */
/* What is mounted into a container, and the devices that it gets. */
#ifndef LOCAL_MOUNTS_H
#define LOCAL_MOUNTS_H

#include "engine/local/local.h"
#include "engine/local/oci-spec.h"

int mounts_of_record(struct local *l, const struct record *rec, int rootfs, const char *run_dir,
		     struct oci_spec *o, struct error *err);
void mounts_of_step(const struct step_spec *s, const char *run_dir, struct oci_spec *o);
int devices_of_record(const struct record *rec, struct oci_spec *o, struct error *err);

#endif
