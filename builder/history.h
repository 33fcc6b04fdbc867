/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an image's history says of an instruction: the texts that BuildKit writes, so that tools
 * which read them find the same. Each is owned by the caller.
 */
#ifndef BUILDER_HISTORY_H
#define BUILDER_HISTORY_H

#include "builder/solve.h"

/* EXPOSE [80/tcp 53/udp] */
char *history_list(const struct inst *in, const struct strv *l);
/* CMD ["sh" "-c" "x"] */
char *history_quoted(const struct inst *in, const struct strv *l);
char *history_health(const struct healthcheck *h);
/* Sources, owner and mode as they are expanded; heredocs by name, after the others. */
char *history_copy(const struct stage_run *run, const struct inst *in);
/* With the stage's arguments in front, and what they are worth now. */
char *history_run(const struct stage_run *run, const struct strv *argv);

#endif
