/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

struct push_opts {
	bool ignore_failures, include_deps, quiet;
};

static const struct opt opts[] = {
	OPT(struct push_opts, OPT_FLAG, ignore_failures, 0, "ignore-push-failures",
	    "Push what it can and ignores images with push failures"),
	OPT(struct push_opts, OPT_FLAG, include_deps, 0, "include-deps",
	    "Also push images of services declared as dependencies"),
	OPT(struct push_opts, OPT_FLAG, quiet, 'q', "quiet",
	    "Push without printing progress information"),
	{ 0 },
};

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct push_opts *o = values;
	const struct show_options show = { .title = "Pushing", .quiet = o->quiet };
	struct images_plan_options opt = {
		.kind = STEP_IMAGE_PUSH,
		.services = *args,
		.include_deps = o->include_deps,
		.ignore_failures = o->ignore_failures,
	};
	autocall(plan_freep) struct plan *plan = NULL;
	autoproject p = { .lock = -1 };
	int r = project_open(cli, args, 0, &p, err);

	if (r == 0)
		r = plan_images(p.model, &p.world, &opt, &plan, err);
	if (r == 0)
		r = project_run(&p, plan, NULL, &show, err);
	return r;
}

const struct command cmd_push = {
	.name = "push",
	.usage = "push [OPTIONS] [SERVICE...]",
	.help = "Push service images",
	.opts = opts,
	.opts_size = sizeof(struct push_opts),
	.max_args = -1,
	.run = run,
};
