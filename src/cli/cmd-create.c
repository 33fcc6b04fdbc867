/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

struct create_opts {
	bool build, force_recreate, no_build, no_recreate, quiet_pull, remove_orphans, yes;
	char *pull;
	struct strv scale;
};

#define FLAG(member, letter, name, help) \
	OPT(struct create_opts, OPT_FLAG, member, letter, name, help)

static const struct opt opts[] = {
	FLAG(build, 0, "build", "Build images before starting containers"),
	FLAG(force_recreate, 0, "force-recreate",
	     "Recreate containers even if their configuration and image haven't changed"),
	FLAG(no_build, 0, "no-build", "Don't build an image, even if it's policy"),
	FLAG(no_recreate, 0, "no-recreate",
	     "If containers already exist, don't recreate them. Incompatible with "
	     "--force-recreate"),
	OPT(struct create_opts, OPT_STRING, pull, 0, "pull",
	    "Pull image before running (\"always\"|\"missing\"|\"never\"|\"build\")",
	    .value = "policy"),
	FLAG(quiet_pull, 0, "quiet-pull", "Pull without printing progress information"),
	FLAG(remove_orphans, 0, "remove-orphans",
	     "Remove containers for services not defined in the Compose file"),
	OPT(struct create_opts, OPT_STRINGS, scale, 0, "scale",
	    "Scale SERVICE to NUM instances. Overrides the scale setting in the Compose file "
	    "if\npresent",
	    .value = "scale"),
	FLAG(yes, 'y', "yes", "Assume \"yes\" as answer to all prompts and run non-interactively"),
	{ 0 },
};

static int check(const struct create_opts *o, struct error *err)
{
	if (o->build && o->no_build)
		return error_set(err, ERR_INVALID, "--build and --no-build are incompatible");
	if (o->force_recreate && o->no_recreate)
		return error_set(err, ERR_INVALID,
				 "--force-recreate and --no-recreate are incompatible");
	return cli_check_word("--pull", o->pull, pull_words, err);
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct create_opts *o = values;
	struct up_plan_options opt = {
		.services = *args,
		.no_start = true,
		.build = o->build,
		.no_build = o->no_build,
		.remove_orphans = o->remove_orphans,
		.recreate = o->force_recreate ? RECREATE_FORCE
			    : o->no_recreate  ? RECREATE_NEVER
					      : RECREATE_CHANGED,
		.pull = o->pull,
		.timeout = -1,
	};
	const struct show_options show = { .title = "Creating", .quiet_pull = o->quiet_pull };
	autoproject p = { .lock = -1 };
	int r = check(o, err);

	cli->yes = o->yes;
	if (r == 0)
		r = project_open(cli, args, PROJECT_LOCK | PROJECT_MAKES, &p, err);
	if (r == 0)
		r = cli_scale("--scale", &o->scale, p.model, &opt.scale, err);
	if (r == 0)
		r = project_up(&p, &opt, &show, o->yes, err);
	map_done(&opt.scale);
	return r;
}

const struct command cmd_create = {
	.name = "create",
	.usage = "create [OPTIONS] [SERVICE...]",
	.help = "Creates containers for a service",
	.opts = opts,
	.opts_size = sizeof(struct create_opts),
	.max_args = -1,
	.run = run,
};
