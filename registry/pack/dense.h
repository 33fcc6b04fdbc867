/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether bytes are worth compressing: those of archives, pictures and packed programs are not, and
 * trying takes as long as with others. A guess, but the same one everywhere: digests depend on it.
 */
#ifndef REGISTRY_PACK_DENSE_H
#define REGISTRY_PACK_DENSE_H

#include <libdeflate.h>
#include <stdbool.h>
#include <stddef.h>

#define DENSE_PIECE (32 << 10) /* what is judged at once */

bool is_dense(struct libdeflate_compressor *z, const unsigned char p[DENSE_PIECE]);

#endif
