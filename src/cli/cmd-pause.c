/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

static int run(struct cli *cli, void *p, const struct strv *args, struct error *err)
{
	struct each_plan_options opt = {
		.kind = STEP_CONTAINER_PAUSE,
		.services = *args,
	};

	return project_each(cli, &opt, 0, "Pausing", err);
}

const struct command cmd_pause = {
	.name = "pause",
	.usage = "pause [SERVICE...]",
	.help = "Pause services",
	.max_args = -1,
	.run = run,
};
