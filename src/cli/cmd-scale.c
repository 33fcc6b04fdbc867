/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

struct scale_opts {
	bool no_deps;
};

static const struct opt opts[] = {
	OPT(struct scale_opts, OPT_FLAG, no_deps, 0, "no-deps", "Don't start linked services"),
	{ 0 },
};

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct scale_opts *o = values;
	struct up_plan_options opt = { .no_deps = o->no_deps, .timeout = -1 };
	const struct show_options show = { .title = "Running" };
	autoproject p = { .lock = -1 };
	int r;

	strv_foreach (a, args) {
		struct str name, number;
		autofree char *service = NULL;

		str_cut(str_of(a), '=', &name, &number);
		service = str_dup(name);
		strv_push(&opt.services, service);
	}
	r = project_open(cli, &opt.services, PROJECT_LOCK | PROJECT_MAKES, &p, err);
	if (r == 0)
		r = cli_scale("scale", args, p.model, &opt.scale, err);
	if (r == 0)
		r = project_up(&p, &opt, &show, false, err);
	map_done(&opt.scale);
	strv_done(&opt.services);
	return r;
}

const struct command cmd_scale = {
	.name = "scale",
	.usage = "scale [SERVICE=REPLICAS...]",
	.help = "Scale services",
	.opts = opts,
	.opts_size = sizeof(struct scale_opts),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
