/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/image.h"
#include "engine/local/userns.h"
#include "util/env.h"

int cli_store(struct cli *cli, struct store **ret, struct error *err)
{
	sd_event *loop;
	int r = cli_loop(cli, &loop, err);
	if (r == 0)
		r = MIN(userns_enter(NULL, err), 0);
	autofree char *dir = env_state_dir();
	return r < 0 ? r : store_open(dir, ret, err);
}

char *image_shown(const char *ref)
{
	autoref r = { 0 };
	if (!ref)
		return xstrdup("<none>");
	return image_ref_parse(ref, &r, NULL) < 0 ? xstrdup(ref) : image_ref_familiar(&r);
}

static const struct command *const subcommands[] = {
	&cmd_image_inspect, &cmd_image_load, &cmd_image_ls,
	&cmd_image_pull,    &cmd_image_push, &cmd_image_rm,
	&cmd_image_save,    &cmd_image_tag,  NULL,
};

const struct command cmd_image = {
	.name = "image",
	.usage = "image COMMAND",
	.help = "Manage images themselves, without a project",
	.max_args = -1,
	.subcommands = subcommands,
};
