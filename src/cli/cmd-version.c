/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

struct version_opts {
	char *format;
	bool is_short;
};

static const struct opt opts[] = {
	OPT(struct version_opts, OPT_STRING, format, 'f', "format",
	    "Format the output. Values: [pretty | json]. (Default: pretty)"),
	OPT(struct version_opts, OPT_FLAG, is_short, 0, "short", "Shows only the version number"),
	{ 0 },
};

static int run(struct cli *cli, void *p, const struct strv *args, struct error *err)
{
	const struct version_opts *o = p;

	if (o->is_short)
		return cli_outs(PKG_VERSION "\n", err);
	if (!o->format || streq(o->format, "pretty") || streq(o->format, ""))
		return cli_outs("compose version " PKG_VERSION "\n", err);
	if (streq(o->format, "json"))
		return cli_outs("{\"version\":\"" PKG_VERSION "\"}\n", err);
	return error_set(err, ERR_INVALID, "unknown format \"%s\": pretty or json", o->format);
}

const struct command cmd_version = {
	.name = "version",
	.usage = "version [OPTIONS]",
	.help = "Show the version information of compose",
	.opts = opts,
	.opts_size = sizeof(struct version_opts),
	.run = run,
};
