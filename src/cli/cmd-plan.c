/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

struct plan_opts {
	bool json, remove_orphans, volumes;
};

static const struct opt opts[] = {
	OPT(struct plan_opts, OPT_FLAG, json, 0, "json", "Each step as JSON, with what it needs"),
	OPT(struct plan_opts, OPT_FLAG, remove_orphans, 0, "remove-orphans",
	    "As up and down have it"),
	OPT(struct plan_opts, OPT_FLAG, volumes, 'v', "volumes", "As down has it"),
	{ 0 },
};

static int make(struct project *p, const struct plan_opts *o, bool down,
		const struct strv *services, struct plan **ret, struct error *err)
{
	const struct down_plan_options down_opt = { .services = *services,
						    .volumes = o->volumes,
						    .remove_orphans = o->remove_orphans,
						    .timeout = -1 };
	struct up_plan_options up_opt = { .services = *services,
					  .remove_orphans = o->remove_orphans,
					  .timeout = -1 };

	if (down)
		return plan_down(p->model, p->name, &p->world, &down_opt, ret, err);
	return project_up_plan(p, &up_opt, false, ret, err);
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct plan_opts *o = values;
	bool named = args->n && (streq(args->v[0], "up") || streq(args->v[0], "down"));
	bool down = named && streq(args->v[0], "down");
	autocall(plan_freep) struct plan *plan = NULL;
	autoproject p = { .lock = -1 };
	autostrv services = { 0 };
	int r;

	for (size_t i = named; i < args->n; i++)
		strv_push(&services, args->v[i]);
	cli->g.dry_run = true;
	r = project_open(cli, &services, down ? PROJECT_NAMED_OK : PROJECT_MAKES, &p, err);
	if (r == 0)
		r = make(&p, o, down, &services, &plan, err);
	if (r == 0 && !plan->steps.n && !o->json)
		cli_note("Nothing to do");
	return r < 0 ? r : project_show_plan(plan, o->json, err);
}

const struct command cmd_plan = {
	.name = "plan",
	.usage = "plan [OPTIONS] [up|down] [SERVICE...]",
	.help = "Say what up (or down) would do, and why",
	.more = "A line for each step, in an order that keeps what each of them needs. Nothing is "
		"changed.\nAny other command tells its plan with --dry-run.",
	.opts = opts,
	.opts_size = sizeof(struct plan_opts),
	.max_args = -1,
	.run = run,
};
