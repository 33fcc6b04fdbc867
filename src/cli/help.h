/* SPDX-License-Identifier: Apache-2.0 */
/* What --help prints, made from the tables. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/cmd.h"

/* prefix: "compose ", or "compose image " for a subcommand. */
void command_help(const struct command *c, const char *prefix, struct buf *out);
void root_help(struct buf *out);

#endif
