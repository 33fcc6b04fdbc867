/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

static int run(struct cli *cli, void *p, const struct strv *args, struct error *err)
{
	struct each_plan_options opt = {
		.kind = STEP_CONTAINER_START,
		.services = *args,
		.timeout = -1,
	};

	return project_each(cli, &opt, 0, "Starting", err);
}

const struct command cmd_start = {
	.name = "start",
	.usage = "start [SERVICE...]",
	.help = "Start services",
	.max_args = -1,
	.run = run,
};
