/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_CHILD_HINT_H
#define EVENT_CHILD_HINT_H

#include "util/error.h"

/* -ERR_NOT_FOUND, with the Debian package of programs that we know. */
int child_missing(const char *program, struct error *err);

#endif
