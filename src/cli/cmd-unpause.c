/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

static int run(struct cli *cli, void *p, const struct strv *args, struct error *err)
{
	struct each_plan_options opt = {
		.kind = STEP_CONTAINER_UNPAUSE,
		.services = *args,
	};

	return project_each(cli, &opt, 0, "Unpausing", err);
}

const struct command cmd_unpause = {
	.name = "unpause",
	.usage = "unpause [SERVICE...]",
	.help = "Unpause services",
	.max_args = -1,
	.run = run,
};
