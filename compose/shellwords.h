/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command in one string to its words, as Compose does it: quotes and backslashes as in a shell,
 * `$(...)` and backquotes kept in their word, everything from the first unquoted ; | & < > on left
 * out; no expansion, no comments.
 */
#ifndef COMPOSE_SHELLWORDS_H
#define COMPOSE_SHELLWORDS_H

#include "util/error.h"
#include "util/strv.h"

/* Appends to ret. -ERR_INVALID: "invalid command line string". */
int shell_words(const char *s, struct strv *ret, struct error *err);

#endif
