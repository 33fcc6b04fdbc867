/* SPDX-License-Identifier: Apache-2.0 */
/* Manual pages from the tables: `compose __man DIR` writes compose.1 and a page for each command.
 */
#include "cli/commands.h"

#include "util/io.h"
#include "util/fd.h"
#include "util/path.h"

#include <fcntl.h>

/* Text as roff has it: no line begins with a control character, no backslash or minus is special.
 */
static void add_text(struct buf *out, const char *s)
{
	bool start = true;

	for (; *s; s++) {
		if (start && (*s == '.' || *s == '\''))
			buf_adds(out, "\\&");
		if (*s == '\\')
			buf_adds(out, "\\e");
		else if (*s == '-')
			buf_adds(out, "\\-");
		else
			buf_addc(out, *s);
		start = *s == '\n';
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct opt *const *)a)->name, (*(const struct opt *const *)b)->name);
}

static void add_option(struct buf *out, const struct opt *o)
{
	const char *value = opt_value_name(o);

	buf_adds(out, ".TP\n");
	if (o->letter)
		buf_addf(out, "\\fB\\-%c\\fR, ", o->letter);
	buf_adds(out, "\\fB\\-\\-");
	add_text(out, o->name);
	buf_adds(out, "\\fR");
	if (value)
		buf_addf(out, " \\fI%s\\fR", value);
	buf_addc(out, '\n');
	add_text(out, o->help);
	if (o->otherwise && *o->otherwise && !(o->flags & OPT_NO_DEFAULT)) {
		buf_adds(out, " (default ");
		add_text(out, o->otherwise);
		buf_adds(out, ")");
	}
	if (o->flags & OPT_NOT_DONE)
		buf_adds(out, " (not done yet)");
	buf_addc(out, '\n');
}

static void add_options(struct buf *out, const struct opt *own, const struct opt *common)
{
	const struct opt *const sets[] = { own, common };
	VEC(const struct opt *) rows = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		for (const struct opt *o = sets[i]; o && o->kind; o++)
			if (!(o->flags & OPT_HIDDEN))
				*vec_add(&rows) = o;
	qsort(rows.v, rows.n, sizeof(*rows.v), by_name);
	buf_adds(out, ".SH OPTIONS\n");
	vec_foreach (o, &rows)
		add_option(out, *o);
	vec_done(&rows);
}

static void add_head(struct buf *out, const char *page, const char *help)
{
	buf_addf(out, ".TH \"%s\" 1 \"\" \"compose %s\" \"Compose\"\n.SH NAME\n", page,
		 PKG_VERSION);
	add_text(out, page);
	buf_adds(out, " \\- ");
	add_text(out, help);
	buf_adds(out, "\n.SH SYNOPSIS\n");
}

static void add_commands(struct buf *out, const char *page, const struct command *const *list)
{
	buf_adds(out, ".SH COMMANDS\n");
	for (; *list; list++) {
		if ((*list)->flags & CMD_HIDDEN)
			continue;
		buf_adds(out, ".TP\n\\fB");
		add_text(out, page);
		buf_addf(out, "\\-%s\\fR(1)\n", (*list)->name);
		add_text(out, (*list)->help);
		buf_addf(out, "%s\n",
			 (*list)->run || (*list)->subcommands ? "" : " (not done yet)");
	}
}

static int write_page(int dir, const char *page, const struct buf *text, struct error *err)
{
	autofree char *name = xprintf("%s.1", page);

	return io_replace_fast(dir, name, text->p, text->len, 0644, err);
}

static int write_command(int dir, const char *parent, const char *words, const struct command *c,
			 struct error *err)
{
	autofree char *page = xprintf("%s-%s", parent, c->name);
	autofree char *deeper = xprintf("%s %s", words, c->name);
	autobuf out = { 0 };
	int r;

	buf_init(&out, BUF_MAX_ANY);
	add_head(&out, page, c->help);
	buf_addf(&out, "%s ", words);
	add_text(&out, c->usage);
	buf_adds(&out, "\n.SH DESCRIPTION\n");
	add_text(&out, c->help);
	buf_adds(&out, c->run || c->subcommands ? ".\n" : ". This command is not done yet.\n");
	if (c->more) {
		buf_adds(&out, ".PP\n.nf\n");
		add_text(&out, c->more);
		buf_adds(&out, "\n.fi\n");
	}
	if (c->subcommands)
		add_commands(&out, page, c->subcommands);
	add_options(&out, c->opts, common_opts);
	buf_adds(&out, ".SH SEE ALSO\n.BR compose (1)\n");
	r = write_page(dir, page, &out, err);
	for (const struct command *const *s = c->subcommands; s && *s && r == 0; s++)
		if (!((*s)->flags & CMD_HIDDEN))
			r = write_command(dir, page, deeper, *s, err);
	return r;
}

static int write_root(int dir, struct error *err)
{
	autobuf out = { 0 };

	buf_init(&out, BUF_MAX_ANY);
	add_head(&out, "compose", "define and run multi-container applications");
	buf_adds(&out,
		 "compose [OPTIONS] COMMAND\n.SH DESCRIPTION\n"
		 "Reads a project's compose.yaml, builds, pulls and pushes its images, makes its "
		 "networks and volumes, and starts its containers in the order of their "
		 "dependencies. Options stand before the command.\n");
	add_commands(&out, "compose", commands);
	add_options(&out, global_opts, common_opts);
	buf_adds(&out,
		 ".SH EXIT STATUS\n0 when all is well, 1 after an error, 130 after an "
		 "interrupt; exec, run and wait give what the program in the container gave.\n");
	return write_page(dir, "compose", &out, err);
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	int dir, r = path_mkdirs(AT_FDCWD, args->v[0], 0755, err);

	if (r < 0)
		return r;
	dir = open(args->v[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_sys(err, "%s", args->v[0]);
	r = write_root(dir, err);
	for (const struct command *const *c = commands; *c && r == 0; c++)
		if (!((*c)->flags & CMD_HIDDEN))
			r = write_command(dir, "compose", "compose", *c, err);
	fd_close(dir);
	return r;
}

const struct command cmd_manual = {
	.name = "__man",
	.usage = "__man DIR",
	.help = "Write the manual pages",
	.flags = CMD_HIDDEN,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
