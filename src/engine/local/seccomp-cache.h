/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled seccomp filters. To compile Docker's profile for its three architectures costs
 * libseccomp more than all the rest of a start; crun leaves the result in its state directory and
 * takes it back as an annotation. Kept as STATE/seccomp/KEY, the key being the digest of the
 * profile and of what compiled it; a runtime that knows nothing of this compiles, as ever.
 */
#ifndef LOCAL_SECCOMP_CACHE_H
#define LOCAL_SECCOMP_CACHE_H

#include "engine/local/local.h"
#include "engine/local/oci-spec.h"
#include "util/hash.h"

/* ret_key: to be kept after the start; "" when there is nothing to keep. */
void seccomp_cache_use(const struct local *l, struct oci_spec *o, char ret_key[SHA256_HEX_MAX]);
void seccomp_cache_keep(const struct local *l, const char *id, const char *key);

#endif
