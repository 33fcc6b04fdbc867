/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

struct restart_opts {
	int64_t timeout;
	bool no_deps;
};

static const struct opt opts[] = {
	OPT(struct restart_opts, OPT_FLAG, no_deps, 0, "no-deps",
	    "Don't restart dependent services"),
	OPT(struct restart_opts, OPT_INT, timeout, 't', "timeout",
	    "Specify a shutdown timeout in seconds", .otherwise = "-1", .flags = OPT_NO_DEFAULT),
	{ 0 },
};

static int run(struct cli *cli, void *p, const struct strv *args, struct error *err)
{
	const struct restart_opts *o = p;
	struct each_plan_options opt = {
		.kind = STEP_CONTAINER_RESTART,
		.services = *args,
		.timeout = cli_seconds(o->timeout),
		.no_deps = o->no_deps,
	};

	return project_each(cli, &opt, 0, "Restarting", err);
}

const struct command cmd_restart = {
	.name = "restart",
	.usage = "restart [OPTIONS] [SERVICE...]",
	.help = "Restart service containers",
	.opts = opts,
	.opts_size = sizeof(struct restart_opts),
	.max_args = -1,
	.run = run,
};
