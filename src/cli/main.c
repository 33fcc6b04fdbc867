/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/help.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

const struct opt global_opts[] = {
	OPT(struct global_opts, OPT_FLAG, all_resources, 0, "all-resources",
	    "Include all resources, even those not used by services"),
	OPT(struct global_opts, OPT_STRING, ansi, 0, "ansi",
	    "Control when to print ANSI control characters (\"never\"|\"always\"|\"auto\")"),
	OPT(struct global_opts, OPT_FLAG, compatibility, 0, "compatibility",
	    "Run compose in backward compatibility mode"),
	OPT(struct global_opts, OPT_STRING, engine, 0, "engine",
	    "Where containers run (\"local\")"),
	OPT(struct global_opts, OPT_STRINGS, env_files, 0, "env-file",
	    "Specify an alternate environment file"),
	OPT(struct global_opts, OPT_STRINGS, files, 'f', "file", "Compose configuration files"),
	OPT(struct global_opts, OPT_INT, parallel, 0, "parallel",
	    "Control max parallelism, -1 for unlimited", .otherwise = "-1"),
	OPT(struct global_opts, OPT_STRINGS, profiles, 0, "profile", "Specify a profile to enable"),
	OPT(struct global_opts, OPT_STRING, progress, 0, "progress",
	    "Set type of progress output (auto, tty, plain, json, quiet)"),
	OPT(struct global_opts, OPT_STRING, project_dir, 0, "project-directory",
	    "Specify an alternate working directory\n"
	    "(default: the path of the, first specified, Compose file)"),
	OPT(struct global_opts, OPT_STRING, project_name, 'p', "project-name", "Project name"),
	OPT(struct global_opts, OPT_FLAG, no_ansi, 0, "no-ansi",
	    "Do not print ANSI control characters", .flags = OPT_HIDDEN),
	OPT(struct global_opts, OPT_FLAG, verbose, 0, "verbose", "Show more output",
	    .flags = OPT_HIDDEN),
	OPT(struct global_opts, OPT_FLAG, version, 'v', "version", "Show the version",
	    .flags = OPT_HIDDEN),
	OPT(struct global_opts, OPT_STRING, workdir, 0, "workdir", "Use --project-directory",
	    .flags = OPT_HIDDEN),
	{ 0 },
};

const struct opt common_opts[] = {
	OPT(struct global_opts, OPT_FLAG, dry_run, 0, "dry-run",
	    "Say what would be done, and do nothing"),
	OPT(struct global_opts, OPT_FLAG, help, 'h', "help", "Show this help", .flags = OPT_HIDDEN),
	{ 0 },
};

static int unknown_command(const struct command *const *list, const char *name, struct error *err)
{
	autostrv names = { 0 };
	const char *near;

	for (const struct command *const *c = list; *c; c++)
		if (!((*c)->flags & CMD_HIDDEN))
			strv_push(&names, (*c)->name);
	near = nearest_name(name, (const char *const *)strv_v(&names));
	if (near)
		return error_set(err, ERR_INVALID, "unknown command \"%s\" (did you mean \"%s\"?)",
				 name, near);
	return error_set(err, ERR_INVALID, "unknown command \"%s\": see 'compose --help'", name);
}

static int check_args(const struct command *c, const char *prefix, const struct strv *args,
		      struct error *err)
{
	if ((int)args->n < c->min_args)
		return error_set(err, ERR_INVALID,
				 "\"%s%s\" requires at least %d argument%s\nUsage:  %s%s", prefix,
				 c->name, c->min_args, c->min_args == 1 ? "" : "s", prefix,
				 c->usage);
	if (c->max_args >= 0 && (int)args->n > c->max_args)
		return error_set(err, ERR_INVALID,
				 "\"%s%s\" takes at most %d argument%s: what is \"%s\"?", prefix,
				 c->name, c->max_args, c->max_args == 1 ? "" : "s",
				 args->v[c->max_args]);
	return 0;
}

/* Where to look after a mistake in the flags. */
static int see_help(const char *command, int r, struct error *err)
{
	size_t n = strlen(err->msg);

	if (r == -ERR_INVALID)
		snprintf(err->msg + n, sizeof(err->msg) - n, "\nSee '%s --help'.", command);
	return r;
}

static int show_help(const struct command *c, const char *prefix, struct error *err)
{
	autobuf out = { 0 };

	buf_init(&out, BUF_MAX_ANY);
	if (c)
		command_help(c, prefix, &out);
	else
		root_help(&out);
	return cli_out(&out, err);
}

static int run_command(struct cli *cli, const struct command *c, const char *prefix, int argc,
		       char *const *argv, struct error *err);

static int run_subcommand(struct cli *cli, const struct command *c, const char *prefix, int argc,
			  char *const *argv, struct error *err)
{
	autofree char *deeper = xprintf("%s%s ", prefix, c->name);
	const struct command *sub;

	if (!argc)
		return show_help(c, prefix, err);
	sub = command_find(c->subcommands, argv[0]);
	if (!sub)
		return unknown_command(c->subcommands, argv[0], err);
	return run_command(cli, sub, deeper, argc - 1, argv + 1, err);
}

static int run_parsed(struct cli *cli, const struct command *c, const char *prefix, void *values,
		      const struct strv *args, struct error *err)
{
	int r;

	if (!c->run)
		return error_set(err, ERR_UNSUPPORTED, "\"%s%s\" is not done yet", prefix, c->name);
	r = check_args(c, prefix, args, err);
	return r < 0 ? r : c->run(cli, values, args, err);
}

static int run_command(struct cli *cli, const struct command *c, const char *prefix, int argc,
		       char *const *argv, struct error *err)
{
	autofree void *values = xalloc(1, MAX(c->opts_size, 1u));
	autofree char *whole = xprintf("%s%s", prefix, c->name);
	const struct opt_set sets[] = { { c->opts, values }, { common_opts, &cli->g } };
	autostrv args = { 0 };
	int at = 0, r;

	opt_defaults(c->opts, values);
	for (; (c->flags & CMD_RAW_WORDS) && at < argc; at++)
		strv_push(&args, argv[at]);
	r = opt_parse(sets, ARRAY_SIZE(sets), argc, argv, &at,
		      c->subcommands || (c->flags & CMD_STOP_AT_WORD), &args, err);
	while (at < argc && (c->flags & CMD_STOP_AT_WORD))
		strv_push(&args, argv[at++]);
	if (r < 0)
		see_help(whole, r, err);
	else if (cli->g.help)
		r = show_help(c, prefix, err);
	else if (c->subcommands)
		r = run_subcommand(cli, c, prefix, argc - at, argv + at, err);
	else
		r = run_parsed(cli, c, prefix, values, &args, err);
	opt_free(c->opts, values);
	return r;
}

/* compose help [COMMAND...] */
static int help_of(int argc, char *const *argv, struct error *err)
{
	const struct command *const *list = commands;
	const struct command *c = NULL;
	autobuf prefix = { 0 };

	buf_init(&prefix, BUF_MAX_ANY);
	for (int i = 0; i < argc; i++) {
		if (c && !c->subcommands)
			break;
		buf_addf(&prefix, "%s ", c ? c->name : "compose");
		c = command_find(list, argv[i]);
		if (!c)
			return unknown_command(list, argv[i], err);
		list = c->subcommands;
	}
	return show_help(c, prefix.p, err);
}

static int dispatch(struct cli *cli, int argc, char **argv, struct error *err)
{
	const struct opt_set sets[] = { { global_opts, &cli->g }, { common_opts, &cli->g } };
	const struct command *c;
	int at = 1, r;

	opt_defaults(global_opts, &cli->g);
	r = opt_parse(sets, ARRAY_SIZE(sets), argc, argv, &at, true, NULL, err);
	if (r < 0)
		return see_help("compose", r, err);
	r = cli_settle(cli, err);
	if (r < 0)
		return r;
	if (cli->g.version)
		return run_command(cli, &cmd_version, "compose ", 0, NULL, err);
	if (cli->g.help || at >= argc)
		return show_help(NULL, NULL, err);
	if (streq(argv[at], "help"))
		return help_of(argc - at - 1, argv + at + 1, err);
	c = command_find(commands, argv[at]);
	if (!c)
		return unknown_command(commands, argv[at], err);
	return run_command(cli, c, "compose ", argc - at - 1, argv + at + 1, err);
}

int main(int argc, char **argv)
{
	struct cli cli;
	struct error err = ERROR_INIT;
	int r;

	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	cli_init(&cli);
	r = dispatch(&cli, argc, argv, &err);
	if (r < 0 && !cli_was_said(&err))
		cli_error(&cli, &err);
	cli_done(&cli);
	return r < 0 ? (err.code == ERR_CANCELLED ? 130 : 1) : r;
}
