/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

struct down_opts {
	bool remove_orphans, volumes;
	char *rmi;
	int64_t timeout;
};

static const struct opt opts[] = {
	OPT(struct down_opts, OPT_FLAG, remove_orphans, 0, "remove-orphans",
	    "Remove containers for services not defined in the Compose file"),
	OPT(struct down_opts, OPT_STRING, rmi, 0, "rmi",
	    "Remove images used by services. \"local\" remove only images that don't have a custom "
	    "tag\n"
	    "(\"local\"|\"all\")"),
	OPT(struct down_opts, OPT_INT, timeout, 't', "timeout",
	    "Specify a shutdown timeout in seconds", .otherwise = "-1", .flags = OPT_NO_DEFAULT),
	OPT(struct down_opts, OPT_FLAG, volumes, 'v', "volumes",
	    "Remove named volumes declared in the \"volumes\" section of the Compose file and\n"
	    "anonymous volumes attached to containers"),
	{ 0 },
};

static const char *const rmi_words[] = { "all", "local", NULL };

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct down_opts *o = values;
	struct down_plan_options opt = {
		.services = *args,
		.volumes = o->volumes,
		.remove_orphans = o->remove_orphans,
		.rmi = o->rmi && *o->rmi ? o->rmi : NULL,
		.timeout = cli_seconds(o->timeout),
	};
	autocall(plan_freep) struct plan *plan = NULL;
	autoproject p = { .lock = -1 };
	int r;

	r = cli_check_word("--rmi", o->rmi, rmi_words, err);
	if (r == 0)
		r = project_open(cli, args, PROJECT_LOCK | PROJECT_NAMED_OK, &p, err);
	if (r == 0)
		r = plan_down(p.model, p.name, &p.world, &opt, &plan, err);
	if (r == 0 && !plan->steps.n)
		cli_warn(cli, "no resource found to remove for project \"%s\"", p.name);
	if (r == 0)
		r = project_run(&p, plan, NULL, &(struct show_options){ .title = "Removing" }, err);
	return r;
}

const struct command cmd_down = {
	.name = "down",
	.usage = "down [OPTIONS] [SERVICES]",
	.help = "Stop and remove containers, networks",
	.opts = opts,
	.opts_size = sizeof(struct down_opts),
	.max_args = -1,
	.run = run,
};
