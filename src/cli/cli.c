/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd.h"

#include "cli/help.h"
#include "cli/remote.h"
#include "event/loop.h"
#include "ui/progress.h"
#include "ui/term.h"
#include "util/env.h"
#include "util/io.h"
#include "util/time.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

extern char **environ;

void cli_init(struct cli *cli)
{
	*cli = (struct cli){ .tty_out = isatty(STDOUT_FILENO), .tty_err = isatty(STDERR_FILENO) };
	cli->remotes = cli_remotes(cli);
	for (char **e = environ; e && *e; e++) {
		struct str key, value;

		if (str_cut(str_of(*e), '=', &key, &value) && key.n) {
			autofree char *k = str_dup(key);

			strmap_set(&cli->environ, k, value.p);
		}
	}
}

void cli_done(struct cli *cli)
{
	engine_freep(&cli->engine);
	loop_unrefp(&cli->loop);
	map_done(&cli->environ);
	strv_done(&cli->notes);
	opt_free(global_opts, &cli->g);
}

/* What the environment says where the command line says nothing. */
static void settle_from_environment(struct cli *cli)
{
	struct global_opts *g = &cli->g;
	const char *ansi = strmap_get(&cli->environ, "COMPOSE_ANSI");
	const char *progress = strmap_get(&cli->environ, "COMPOSE_PROGRESS");

	if (!g->ansi)
		g->ansi = xstrdup(ansi && *ansi ? ansi : "auto");
	if (!g->progress)
		g->progress = xstrdup(progress ? progress : "");
}

int cli_settle(struct cli *cli, struct error *err)
{
	struct global_opts *g = &cli->g;
	enum progress_mode mode;

	settle_from_environment(cli);
	if (progress_mode_parse(g->progress, &mode) < 0)
		return error_set(err, ERR_INVALID,
				 "unsupported --progress value \"%s\": auto, tty, plain, json or "
				 "quiet",
				 g->progress);
	if (g->workdir && !g->project_dir) {
		cli_note("--workdir is deprecated: use --project-directory");
		g->project_dir = TAKE_PTR(g->workdir);
	}
	cli->colour = cli->tty_err && !env_get("NO_COLOR");
	if (g->no_ansi || streq(g->ansi, "never"))
		cli->colour = false;
	else if (streq(g->ansi, "always"))
		cli->colour = true;
	return 0;
}

int cli_loop(struct cli *cli, sd_event **ret, struct error *err)
{
	int r = cli->loop ? 0 : loop_new(&cli->loop, err);

	if (r == 0)
		*ret = cli->loop;
	return r;
}

/* timeout(1) and some terminals send one interrupt to us and to our group: that is not two. */
#define ONE_INTERRUPT (50 * NSEC_PER_MSEC)

static void on_interrupt(void *userdata, int sig, unsigned count)
{
	struct cli *cli = userdata;
	int64_t now = time_monotonic(), before = cli->interrupted;

	cli->interrupted = now;
	if (before && now - before < ONE_INTERRUPT && (!cli->current || cli->interrupts))
		return;
	if (!cli->current && before) {
		cli->interrupt_pending = true; /* what comes next is how the first one is answered */
		return;
	}
	if (!cli->current || cli->interrupts++)
		_exit(128 + sig);
	task_cancel(cli->current);
}

int cli_wait(struct cli *cli, struct task *t, struct error *err)
{
	int r = 0;

	if (!cli->catching)
		r = loop_on_interrupt(cli->loop, on_interrupt, cli, err);
	if (r < 0) {
		task_unref(t);
		return r;
	}
	cli->catching = true;
	cli->interrupts = 0;
	cli->current = t;
	if (cli->interrupt_pending) {
		cli->interrupt_pending = false;
		cli->interrupts = 1;
		task_cancel(t);
	}
	r = task_wait(t, err);
	cli->current = NULL;
	return r;
}

void cli_load_options(const struct cli *cli, const struct strv *services, struct load_options *ret)
{
	const struct global_opts *g = &cli->g;

	*ret = (struct load_options){
		.project_dir = g->project_dir,
		.project_name = g->project_name,
		.environ = &cli->environ,
		.compatibility = g->compatibility,
		.all_resources = g->all_resources,
		.remotes = &cli->remotes,
	};
	strv_extend(&ret->files, &g->files);
	strv_extend(&ret->env_files, &g->env_files);
	strv_extend(&ret->profiles, &g->profiles);
	if (services)
		strv_extend(&ret->services, services);
}

void load_options_done(struct load_options *opt)
{
	strv_done(&opt->files);
	strv_done(&opt->env_files);
	strv_done(&opt->profiles);
	strv_done(&opt->services);
}

int cli_load_with(struct cli *cli, const struct load_options *opt, struct project_tree **ret,
		  struct error *err)
{
	struct findings f = { 0 };
	autobuf text = { 0 };
	int r = project_load(opt, ret, &f);

	buf_init(&text, BUF_MAX_ANY);
	findings_print(&f, cli->colour, &text);
	if (text.len)
		io_write_all(STDERR_FILENO, text.p, text.len, NULL);
	findings_done(&f);
	return r < 0 ? cli_said(err) : 0;
}

int cli_load(struct cli *cli, const struct strv *services, struct project_tree **ret,
	     struct error *err)
{
	struct load_options opt;
	int r;

	cli_load_options(cli, services, &opt);
	r = cli_load_with(cli, &opt, ret, err);
	load_options_done(&opt);
	return r;
}

/* Who reads our output may stop reading: that is no failure. */
static int write_out(const char *p, size_t n, struct error *err)
{
	struct error why = ERROR_INIT;
	int r = io_write_all(STDOUT_FILENO, p, n, &why);

	if (r == 0 || why.sys == EPIPE)
		return 0;
	error_wrap(&why, "standard output");
	if (err)
		*err = why;
	return r;
}

int cli_out(const struct buf *b, struct error *err)
{
	return write_out(b->p, b->len, err);
}

int cli_outs(const char *text, struct error *err)
{
	return write_out(text, strlen(text), err);
}

void cli_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

bool cli_would(const struct cli *cli, const char *verb, const struct strv *args)
{
	if (cli->g.dry_run)
		strv_foreach (a, args)
			cli_note("%s %s", verb, a);
	return cli->g.dry_run;
}

/* Messages quote registries, archives and containers: these don't get to steer the terminal. */
static void say(const char *text)
{
	autobuf safe = { 0 };

	buf_init(&safe, BUF_MAX_ANY);
	text_safe_lines(str_of(text), &safe);
	fprintf(stderr, "%s\n", safe.p);
}

void cli_warn(const struct cli *cli, const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	fputs(cli->colour ? "\033[33mwarning:\033[0m " : "warning: ", stderr);
	say(text);
}

void cli_error(const struct cli *cli, const struct error *err)
{
	if (err->pos.file[0] && err->pos.column)
		fprintf(stderr, "%s:%u:%u: ", err->pos.file, err->pos.line, err->pos.column);
	else if (err->pos.file[0] && err->pos.line)
		fprintf(stderr, "%s:%u: ", err->pos.file, err->pos.line);
	else if (err->pos.file[0])
		fprintf(stderr, "%s: ", err->pos.file);
	fputs(cli->colour ? "\033[31merror:\033[0m " : "error: ", stderr);
	say(err->msg);
}

int cli_said(struct error *err)
{
	return error_set(err, ERR_INVALID, "%s", "");
}

bool cli_was_said(const struct error *err)
{
	return !err->msg[0];
}
