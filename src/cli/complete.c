/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion: each shell's script asks the program itself (`compose __complete WORDS...`), which
 * answers from the tables: a candidate per line, with its explanation after a tab.
 */
#include "cli/commands.h"

static const char bash_script[] =
	"_compose() {\n"
	"	local IFS=$'\\n' cur=${COMP_WORDS[COMP_CWORD]}\n"
	"	COMPREPLY=($(\"${COMP_WORDS[0]}\" __complete \"${COMP_WORDS[@]:1:COMP_CWORD-1}\" "
	"\"$cur\" 2>/dev/null | cut -f1))\n"
	"	[ ${#COMPREPLY[@]} -gt 0 ] || compopt -o default\n"
	"}\n"
	"complete -F _compose compose\n";

static const char zsh_script[] =
	"#compdef compose\n"
	"_compose() {\n"
	"	local -a found\n"
	"	local line\n"
	"	while IFS= read -r line; do\n"
	"		found+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
	"	done < <(${words[1]} __complete ${words[2,CURRENT-1]} \"${words[CURRENT]}\" "
	"2>/dev/null)\n"
	"	if (( ${#found} )); then _describe compose found; else _files; fi\n"
	"}\n"
	"compdef _compose compose\n";

static const char fish_script[] =
	"function __compose_complete\n"
	"	set -l words (commandline -opc)\n"
	"	$words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null\n"
	"end\n"
	"complete -c compose -f -a '(__compose_complete)'\n";

static int run_completion(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	static const struct {
		const char *shell, *script;
	} scripts[] = { { "bash", bash_script }, { "fish", fish_script }, { "zsh", zsh_script } };

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
		if (streq(args->v[0], scripts[i].shell))
			return cli_outs(scripts[i].script, err);
	return error_set(err, ERR_INVALID, "no completion for the shell \"%s\": bash, fish or zsh",
			 args->v[0]);
}

const struct command cmd_completion = {
	.name = "completion",
	.usage = "completion bash|fish|zsh",
	.help = "Print a script that makes a shell complete commands, options and services",
	.more = "bash:  source <(compose completion bash)\n"
		"fish:  compose completion fish | source\n"
		"zsh:   source <(compose completion zsh)",
	.min_args = 1,
	.max_args = 1,
	.run = run_completion,
};

/* ---- __complete ---- */

struct completion {
	struct cli *cli;
	const char *word; /* that is being typed */
	const struct opt *opts;
	const struct command *command; /* NULL: none yet */
	const struct command *const *subcommands;
	struct strv files; /* -f, -p ... as typed, so that the right project's services come */
	struct buf out;
};

static void offer(struct completion *c, const char *word, const char *help)
{
	struct str line, rest;

	if (!starts_with(word, c->word))
		return;
	str_cut(str_of(help), '\n', &line, &rest);
	buf_addf(&c->out, "%s\t", word);
	buf_addstr(&c->out, line);
	buf_addc(&c->out, '\n');
}

static void offer_options(struct completion *c, const struct opt *opts)
{
	for (; opts && opts->kind; opts++) {
		autofree char *word = xprintf("--%s", opts->name);

		if (!(opts->flags & (OPT_HIDDEN | OPT_NOT_DONE)))
			offer(c, word, opts->help);
	}
}

static void offer_commands(struct completion *c, const struct command *const *list)
{
	for (; list && *list; list++)
		if (!((*list)->flags & CMD_HIDDEN) && ((*list)->run || (*list)->subcommands))
			offer(c, (*list)->name, (*list)->help);
}

/* Nothing is said about a file that can't be loaded: the user is in the middle of a line. */
static void offer_services(struct completion *c)
{
	struct project_tree *tree = NULL;
	struct load_options opt;
	struct findings f = { 0 };

	cli_load_options(c->cli, NULL, &opt);
	opt.remotes = NULL; /* nothing is fetched, and nobody asked, while a word is typed */
	opt.no_consistency = opt.skip_env_files = true;
	if (project_load(&opt, &tree, &f) == 0) {
		node_each(s, node_get(tree->root, "services")) offer(c, s->key, "service");
		map_foreach (d, &tree->disabled)
			offer(c, d->key, "service of a profile");
	}
	project_tree_free(tree);
	findings_done(&f);
	load_options_done(&opt);
}

static const struct opt *find_option(const struct opt *opts, const char *word)
{
	for (; opts && opts->kind; opts++) {
		if (word[1] == '-' ? streq(opts->name, word + 2)
				   : opts->letter == word[1] && !word[2])
			return opts;
	}
	return NULL;
}

/* A word before the one that is typed: 1 when it takes that as its value. */
static int step_over(struct completion *c, const char *word)
{
	const struct opt *o = find_option(c->opts, word);
	const struct command *sub;

	if (word[0] == '-')
		return o && o->kind != OPT_FLAG;
	sub = c->subcommands ? command_find(c->subcommands, word) : NULL;
	if (sub) {
		c->command = sub;
		c->opts = sub->opts;
		c->subcommands = sub->subcommands;
	}
	return 0;
}

static void walk(struct completion *c, const struct strv *args, bool *ret_value)
{
	struct opt_set sets[] = { { global_opts, &c->cli->g }, { common_opts, &c->cli->g } };
	int at = 0;

	*ret_value = false;
	for (size_t i = 0; i + 1 < args->n; i++)
		*ret_value = *ret_value ? false : step_over(c, args->v[i]);
	if (*ret_value || args->n < 2)
		return;
	/* What stands before the command says which project is meant; a mistake there is not told.
	 */
	opt_parse(sets, ARRAY_SIZE(sets), args->n - 1, args->v, &at, true, NULL, NULL);
}

static int run_complete(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	struct completion c = {
		.cli = cli, .word = "", .opts = global_opts, .subcommands = commands
	};
	bool value;
	int r;

	buf_init(&c.out, BUF_MAX_ANY);
	if (args->n)
		c.word = args->v[args->n - 1];
	walk(&c, args, &value);
	if (value) {
		/* The shell completes files. */
	} else if (c.word[0] == '-') {
		offer_options(&c, c.opts);
		offer_options(&c, common_opts);
	} else if (c.subcommands) {
		offer_commands(&c, c.subcommands);
	} else if (strstr(c.command->usage, "SERVICE")) {
		offer_services(&c);
	}
	r = cli_out(&c.out, err);
	buf_done(&c.out);
	return r;
}

const struct command cmd_complete = {
	.name = "__complete",
	.usage = "__complete WORD...",
	.help = "What could follow these words",
	.flags = CMD_HIDDEN | CMD_RAW_WORDS,
	.max_args = -1,
	.run = run_complete,
};
