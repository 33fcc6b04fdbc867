/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Python's compiled files say the time of the source that they were made from, and are made again
 * when it has another: at each start of a container. Where times are clamped, what they say is
 * clamped alike.
 */
#ifndef REGISTRY_PACK_PYC_H
#define REGISTRY_PACK_PYC_H

#include <sys/stat.h>

/* What isn't such a file, or can't be written, stays as it is. */
void pyc_clamp(int dirfd, const char *name, const struct stat *st, int64_t mtime_max);

#endif
