/* SPDX-License-Identifier: Apache-2.0 */
/* Where repositories are: URLs, and "user@host:path" as ssh has it. */
#ifndef BUILDER_GIT_ORIGIN_H
#define BUILDER_GIT_ORIGIN_H

#include "util/error.h"

/* http, https, git, ssh; anything else (file://, ext::, a path) is -ERR_INVALID. */
int origin_check(const char *url, struct error *err);
bool origin_is_same(const char *a, const char *b);
/* A submodule's URL: "./x" and "../x" are beside the repository `base`. Checked. *ret is owned by
 * the caller. */
int origin_resolve(const char *base, const char *url, char **ret, struct error *err);
/* Without user and password; owned by the caller. */
char *origin_shown(const char *url);

#endif
