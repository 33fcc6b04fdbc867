/* SPDX-License-Identifier: Apache-2.0 */
/* Every command's descriptor. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cmd.h"

extern const struct command cmd_config;
extern const struct command cmd_version;

#endif
