/* SPDX-License-Identifier: Apache-2.0 */
/* Attaching to a container's terminal or pipes through its shim's socket. */
#ifndef LOCAL_ATTACH_H
#define LOCAL_ATTACH_H

#include "engine/local/local.h"

/* Those who asked to be attached before it runs: connected now, so that they miss nothing. */
void attach_before_start(struct local *l, const char *id, const char *run_dir);

#endif
