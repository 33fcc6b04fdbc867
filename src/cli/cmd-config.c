/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

struct config_opts {
	char *format;
	bool quiet;
};

static const struct opt opts[] = {
	OPT(struct config_opts, OPT_STRING, format, 0, "format",
	    "Format the output. Values: [yaml | json]"),
	OPT(struct config_opts, OPT_FLAG, quiet, 'q', "quiet",
	    "Only validate the configuration, don't print anything"),
	{ 0 },
};

static int run(struct cli *cli, void *p, const struct strv *args, struct error *err)
{
	const struct config_opts *o = p;
	autocall(project_tree_freep) struct project_tree *t = NULL;
	enum config_format format = CONFIG_YAML;
	autobuf out;
	int r;

	buf_init(&out, BUF_MAX_ANY);
	if (o->format && streq(o->format, "json"))
		format = CONFIG_JSON;
	else if (o->format && *o->format && !streq(o->format, "yaml"))
		return error_set(err, ERR_INVALID, "unsupported format \"%s\"", o->format);
	r = cli_load(cli, args, &t, err);
	if (r == 0 && !o->quiet)
		r = config_print(t, format, false, &out, err);
	return r == 0 ? cli_out(&out, err) : r;
}

const struct command cmd_config = {
	.name = "config",
	.usage = "config [OPTIONS] [SERVICE...]",
	.help = "Parse, resolve and render compose file in canonical format",
	.opts = opts,
	.opts_size = sizeof(struct config_opts),
	.max_args = -1,
	.run = run,
};
