/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

struct kill_opts {
	char *signal;
	bool remove_orphans;
};

static const struct opt opts[] = {
	OPT(struct kill_opts, OPT_FLAG, remove_orphans, 0, "remove-orphans",
	    "Remove containers for services not defined in the Compose file"),
	OPT(struct kill_opts, OPT_STRING, signal, 's', "signal", "SIGNAL to send to the container",
	    .otherwise = "SIGKILL"),
	{ 0 },
};

static int run(struct cli *cli, void *p, const struct strv *args, struct error *err)
{
	const struct kill_opts *o = p;
	struct each_plan_options opt = {
		.kind = STEP_CONTAINER_KILL,
		.services = *args,
		.signal = o->signal,
		.orphans = o->remove_orphans,
	};

	return project_each(cli, &opt, 0, "Killing", err);
}

const struct command cmd_kill = {
	.name = "kill",
	.usage = "kill [OPTIONS] [SERVICE...]",
	.help = "Force stop service containers",
	.opts = opts,
	.opts_size = sizeof(struct kill_opts),
	.max_args = -1,
	.run = run,
};
