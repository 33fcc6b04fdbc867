/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/help.h"

static void list_commands(const struct command *const *list, struct buf *out)
{
	size_t width = 0;

	for (const struct command *const *c = list; *c; c++)
		if (!((*c)->flags & CMD_HIDDEN))
			width = MAX(width, strlen((*c)->name));
	buf_adds(out, "\nCommands:\n");
	for (const struct command *const *c = list; *c; c++)
		if (!((*c)->flags & CMD_HIDDEN))
			buf_addf(out, "  %-*s  %s%s\n", (int)width, (*c)->name, (*c)->help,
				 (*c)->run || (*c)->subcommands ? "" : " (not done yet)");
}

void command_help(const struct command *c, const char *prefix, struct buf *out)
{
	const struct opt_set sets[] = { { c->opts, NULL }, { common_opts, NULL } };

	buf_addf(out, "Usage:  %s%s\n\n%s\n", prefix, c->usage, c->help);
	if (!c->run && !c->subcommands)
		buf_adds(out, "\nThis command is not done yet.\n");
	if (c->more)
		buf_addf(out, "\n%s\n", c->more);
	if (c->subcommands)
		list_commands(c->subcommands, out);
	buf_adds(out, "\nOptions:\n");
	opt_help(sets, ARRAY_SIZE(sets), out);
}

void root_help(struct buf *out)
{
	const struct opt_set sets[] = { { global_opts, NULL }, { common_opts, NULL } };

	buf_adds(out,
		 "Usage:  compose [OPTIONS] COMMAND\n\n"
		 "Define and run multi-container applications: no daemon, one file.\n\nOptions:\n");
	opt_help(sets, ARRAY_SIZE(sets), out);
	list_commands(commands, out);
	buf_adds(out, "\nRun 'compose COMMAND --help' for more information on a command.\n");
}
