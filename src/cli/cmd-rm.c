/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"
#include "ui/prompt.h"

struct rm_opts {
	bool all, force, stop, volumes;
};

static const struct opt opts[] = {
	OPT(struct rm_opts, OPT_FLAG, all, 'a', "all", "Accepted, does nothing",
	    .flags = OPT_HIDDEN),
	OPT(struct rm_opts, OPT_FLAG, force, 'f', "force", "Don't ask to confirm removal"),
	OPT(struct rm_opts, OPT_FLAG, stop, 's', "stop",
	    "Stop the containers, if required, before removing"),
	OPT(struct rm_opts, OPT_FLAG, volumes, 'v', "volumes",
	    "Remove any anonymous volumes attached to containers"),
	{ 0 },
};

/* 1: go on. */
static int ask(const struct plan *plan, struct error *err)
{
	autofree char *list = NULL, *question = NULL;
	autostrv names = { 0 };

	vec_foreach (s, &plan->steps)
		if ((*s)->kind == STEP_CONTAINER_REMOVE)
			strv_push(&names, (*s)->name);
	list = strv_join(&names, ", ");
	question = xprintf("Going to remove %s. Are you sure?", list);
	return prompt_yes(question, "--force", err);
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct rm_opts *o = values;
	const struct each_plan_options opt = { .kind = STEP_CONTAINER_REMOVE,
					       .services = *args,
					       .timeout = -1,
					       .volumes = o->volumes,
					       .stop_first = o->stop };
	autocall(plan_freep) struct plan *plan = NULL;
	autoproject p = { .lock = -1 };
	int r = project_open(cli, args, PROJECT_LOCK | PROJECT_NAMED_OK, &p, err);

	if (r == 0)
		r = plan_each(p.model, p.name, &p.world, &opt, &plan, err);
	if (r == 0 && !plan->steps.n)
		cli_note("No stopped containers");
	if (r == 0 && plan->steps.n && !o->force && !cli->g.dry_run) {
		r = ask(plan, err);
		if (r <= 0)
			return r;
		r = 0;
	}
	if (r == 0)
		r = project_run(&p, plan, NULL, &(struct show_options){ .title = "Removing" }, err);
	return r;
}

const struct command cmd_rm = {
	.name = "rm",
	.usage = "rm [OPTIONS] [SERVICE...]",
	.help = "Removes stopped service containers",
	.more = "By default, anonymous volumes attached to containers are not removed; --volumes "
		"removes them.\nAny data which is not in a volume is lost.\n\nRunning the command "
		"with no options also removes one-off containers created by compose run.",
	.opts = opts,
	.opts_size = sizeof(struct rm_opts),
	.max_args = -1,
	.run = run,
};
