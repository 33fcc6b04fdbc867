/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

struct stop_opts {
	int64_t timeout;
};

static const struct opt opts[] = {
	OPT(struct stop_opts, OPT_INT, timeout, 't', "timeout",
	    "Specify a shutdown timeout in seconds", .otherwise = "-1", .flags = OPT_NO_DEFAULT),
	{ 0 },
};

static int run(struct cli *cli, void *p, const struct strv *args, struct error *err)
{
	const struct stop_opts *o = p;
	struct each_plan_options opt = {
		.kind = STEP_CONTAINER_STOP,
		.services = *args,
		.timeout = cli_seconds(o->timeout),
	};

	return project_each(cli, &opt, 0, "Stopping", err);
}

const struct command cmd_stop = {
	.name = "stop",
	.usage = "stop [OPTIONS] [SERVICE...]",
	.help = "Stop services",
	.opts = opts,
	.opts_size = sizeof(struct stop_opts),
	.max_args = -1,
	.run = run,
};
