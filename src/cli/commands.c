/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

/* In the order of `compose --help`. */
const struct command *const commands[] = {
	&cmd_config,
	&cmd_version,
	NULL,
};
