/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands: one file and one descriptor each (cmd-NAME.c, `const struct command cmd_NAME`), listed in commands.c. What
 * they share is struct cli: the global options, the loop, the project and the engine, each made when first asked for.
 * Only this floor prints and picks exit codes.
 */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#include "cli/opt.h"
#include "compose/load.h"
#include "engine/engine.h"

struct global_opts {
	struct strv files, env_files, profiles;
	char *project_name, *project_dir, *ansi, *progress, *engine;
	int64_t parallel;
	bool all_resources, compatibility, dry_run, verbose, version, no_ansi, help;
	char *workdir;
};

struct cli {
	struct global_opts g;
	sd_event *loop;	       /* cli_loop() */
	struct engine *engine; /* cli_engine() */
	struct map environ;    /* the process's environment */
	bool tty_out, tty_err; /* are stdout, stderr terminals */
	bool colour;	       /* on stderr's findings and stdout's logs */
	struct task *current;  /* what Ctrl-C cancels: cli_wait() */
	unsigned interrupts;   /* since it began */
	int64_t interrupted;   /* when the newest came */
	bool catching;
	bool interrupt_pending; /* one more came between two tasks */
	bool yes;	   /* --yes: he consents to what would be asked */
	bool only_looks;   /* at what there is: no path of the file is used */
	struct remotes remotes;
	struct strv notes; /* of the engine, each once: said when what goes on is no longer drawn */
};

#define CMD_HIDDEN	 1u
#define CMD_RAW_WORDS	 4u /* all words are its own, options too */
#define CMD_STOP_AT_WORD 2u /* words after the first are the program's, not options (exec, run) */

struct command {
	const char *name;
	const char *usage; /* after "compose " (or "compose image "): "up [OPTIONS] [SERVICE...]" */
	const char *help;  /* one line */
	const char *more;  /* paragraphs for --help and the manual page, or NULL */
	const struct opt *opts;
	size_t opts_size; /* 0: it has no options of its own */
	unsigned flags;
	int min_args, max_args; /* max < 0: any */
	const struct command *const *subcommands; /* ends in NULL */
	/* The exit code, or -err. NULL: the command is not done yet, and says so. opts: the command's struct. */
	int (*run)(struct cli *cli, void *opts, const struct strv *args, struct error *err);
};

extern const struct command *const commands[]; /* ends in NULL, in the order of the help */
extern const struct opt global_opts[];	       /* before the command, into struct global_opts */
extern const struct opt common_opts[];	       /* of every command, into struct global_opts */
const struct command *command_find(const struct command *const *list, const char *name); /* or NULL */

void cli_init(struct cli *cli);
void cli_done(struct cli *cli);
int cli_settle(struct cli *cli, struct error *err); /* once the global options are known */

int cli_loop(struct cli *cli, sd_event **ret, struct error *err);
/* task_wait(), where the first Ctrl-C cancels the task and a second one ends us. */
int cli_wait(struct cli *cli, struct task *t, struct error *err);
int cli_engine(struct cli *cli, struct engine **ret, struct error *err);
/* The options of a load as the global options have them; free with load_options_done. services may be NULL. */
void cli_load_options(const struct cli *cli, const struct strv *services, struct load_options *ret);
void load_options_done(struct load_options *opt);
/* Loads, prints the findings to stderr. An error leaves a message in err that says no more than that (already said). */
int cli_load(struct cli *cli, const struct strv *services, struct project_tree **ret, struct error *err);
int cli_load_with(struct cli *cli, const struct load_options *opt, struct project_tree **ret, struct error *err);

/* stdout, whole; an EPIPE is success. */
int cli_out(const struct buf *b, struct error *err);
int cli_outs(const char *text, struct error *err);
/* A line of talk on stderr. */
void cli_note(const char *fmt, ...) printf_like(1, 2);
/* With --dry-run: "VERB ARG" for each, and true. */
bool cli_would(const struct cli *cli, const char *verb, const struct strv *args);
void cli_warn(const struct cli *cli, const char *fmt, ...) printf_like(2, 3);
void cli_error(const struct cli *cli, const struct error *err);
/* An error whose message was printed already: main prints nothing more, exits 1. */
int cli_said(struct error *err);
bool cli_was_said(const struct error *err);

#endif
