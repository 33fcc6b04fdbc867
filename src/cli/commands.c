/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#define COMMAND_ROW(name) &cmd_##name,

const struct command *const commands[] = { COMMANDS(COMMAND_ROW) NULL };

const struct command *command_find(const struct command *const *list, const char *name)
{
	for (; *list; list++)
		if (streq((*list)->name, name))
			return *list;
	return NULL;
}
