/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

struct pull_opts {
	bool ignore_buildable, ignore_failures, include_deps, quiet, parallel, no_parallel;
	char *policy;
};

static const struct opt opts[] = {
	OPT(struct pull_opts, OPT_FLAG, ignore_buildable, 0, "ignore-buildable",
	    "Ignore images that can be built"),
	OPT(struct pull_opts, OPT_FLAG, ignore_failures, 0, "ignore-pull-failures",
	    "Pull what it can and ignores images with pull failures"),
	OPT(struct pull_opts, OPT_FLAG, include_deps, 0, "include-deps",
	    "Also pull services declared as dependencies"),
	OPT(struct pull_opts, OPT_FLAG, no_parallel, 0, "no-parallel",
	    "Use the global --parallel 1", .flags = OPT_HIDDEN),
	OPT(struct pull_opts, OPT_FLAG, parallel, 0, "parallel", "The default",
	    .flags = OPT_HIDDEN),
	OPT(struct pull_opts, OPT_STRING, policy, 0, "policy",
	    "Apply pull policy (\"missing\"|\"always\")"),
	OPT(struct pull_opts, OPT_FLAG, quiet, 'q', "quiet",
	    "Pull without printing progress information"),
	{ 0 },
};

static const char *const policy_words[] = { "missing", "always", NULL };

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct pull_opts *o = values;
	const struct show_options show = { .title = "Pulling", .quiet = o->quiet };
	struct images_plan_options opt = {
		.kind = STEP_IMAGE_PULL,
		.services = *args,
		.include_deps = o->include_deps,
		.ignore_failures = o->ignore_failures,
		.ignore_buildable = o->ignore_buildable,
		.only_missing = o->policy && streq(o->policy, "missing"),
		.policy_given = o->policy && *o->policy,
	};
	autocall(plan_freep) struct plan *plan = NULL;
	autoproject p = { .lock = -1 };
	int r;

	r = cli_check_word("--policy", o->policy, policy_words, err);
	if (r < 0)
		return r;
	if (o->no_parallel)
		cli->g.parallel = 1;
	r = project_open(cli, args, 0, &p, err);
	if (r == 0)
		r = plan_images(p.model, &p.world, &opt, &plan, err);
	if (r == 0)
		r = project_run(&p, plan, NULL, &show, err);
	return r;
}

const struct command cmd_pull = {
	.name = "pull",
	.usage = "pull [OPTIONS] [SERVICE...]",
	.help = "Pull service images",
	.opts = opts,
	.opts_size = sizeof(struct pull_opts),
	.max_args = -1,
	.run = run,
};
