/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a helper that handles hostile bytes gives away before it looks at them. Each step that a
 * kernel does not know is left out; what remains is still bound to its directory by path_open_in().
 */
#ifndef REGISTRY_SANDBOX_H
#define REGISTRY_SANDBOX_H

#include "util/error.h"

/*
 * No new privileges, dies with its parent, no core, memory bounded, only the capabilities that
 * files need; and, with landlock, no file but those below dirfd (-1: none at all). Descriptors that
 * are open stay usable.
 */
int sandbox_enter(int dirfd, struct error *err);

#endif
