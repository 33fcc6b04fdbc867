/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a helper that handles hostile bytes gives away before it looks at them. Each step that a
 * kernel does not know is left out; what remains is still bound to its directory by path_open_in().
 */
#ifndef REGISTRY_SANDBOX_H
#define REGISTRY_SANDBOX_H

#include "util/error.h"

#include <stddef.h>

/*
 * No new privileges, dies with its parent, no core, memory bounded, only the capabilities that
 * files need; and, with landlock, no file but those below dirfd (-1: none at all). Descriptors that
 * are open stay usable.
 */
int sandbox_enter(int dirfd, struct error *err);
/* The same, and n directories that may be read. */
#define LIMIT_SANDBOX_READ 512
int sandbox_enter_reading(int dirfd, const int *read, size_t n, struct error *err);

#endif
