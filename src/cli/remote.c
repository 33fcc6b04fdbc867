/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote.h"

#include "ui/prompt.h"
#include "ui/table.h"
#include "ui/term.h"
#include "util/io.h"
#include "util/num.h"

#include <unistd.h>

#define TRUST_VARIABLE "COMPOSE_TRUST_REMOTES"

/* What turns a kind off. */
static const struct {
	enum remote_kind kind;
	const char *name, *variable;
} switches[] = {
	{ REMOTE_GIT, "git", "COMPOSE_EXPERIMENTAL_GIT_REMOTE" },
	{ REMOTE_GIT_FILE, "git", "COMPOSE_EXPERIMENTAL_GIT_REMOTE" },
	{ REMOTE_OCI, "OCI", "COMPOSE_EXPERIMENTAL_OCI_REMOTE" },
};

static int check_switch(const struct cli *cli, enum remote_kind kind, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		const char *value = strmap_get(&cli->environ, switches[i].variable);
		bool on;

		if (switches[i].kind != kind || !value || !*value)
			continue;
		if (num_parse_bool(value, &on) < 0)
			return error_set(err, ERR_INVALID, "%s: \"%s\" is not true or false",
					 switches[i].variable, value);
		if (!on)
			return error_set(err, ERR_UNSUPPORTED,
					 "%s remote resource is disabled by \"%s\"",
					 switches[i].name, switches[i].variable);
	}
	return 0;
}

static int fetch(void *userdata, const char *url, bool by_user, struct remote_copy *ret,
		 struct error *err)
{
	struct cli *cli = userdata;
	enum remote_kind kind = remote_kind(url);
	int r = check_switch(cli, kind, err);

	if (r < 0)
		return r;
	return kind == REMOTE_OCI ? remote_oci_fetch(cli, url, ret, err)
				  : remote_git_fetch(cli, url, kind, ret, err);
}

bool cli_trusts_remotes(const struct cli *cli)
{
	const char *value = strmap_get(&cli->environ, TRUST_VARIABLE);
	bool on = false;

	return cli->yes || (value && num_parse_bool(value, &on) == 0 && on);
}

/* Files of other machines go to the terminal too: what they say doesn't get to steer it. */
static void say(const struct buf *text)
{
	autobuf safe = { 0 };

	buf_init(&safe, BUF_MAX_ANY);
	text_safe_lines(buf_str(text), &safe);
	io_write_all(STDERR_FILENO, safe.p, safe.len, NULL);
}

/* At a terminal alone: what is on a pipe may be a file, or the container's. */
static bool ask(const struct reach *v, size_t n)
{
	autobuf text = { 0 };

	buf_init(&text, BUF_MAX_ANY);
	buf_adds(&text, "Files of another machine would have of this one:\n");
	for (size_t i = 0; i < n; i++)
		buf_addf(&text, "  %s:%u:%u: %s %s\n", v[i].at.source->name, v[i].at.line,
			 v[i].at.column, v[i].what, v[i].path);
	say(&text);
	return prompt_yes("Do you consent?", "--yes", NULL) > 0;
}

static bool allow(void *userdata, const struct reach *v, size_t n)
{
	const struct cli *cli = userdata;

	if (cli->only_looks || cli_trusts_remotes(cli))
		return true;
	return isatty(STDIN_FILENO) && ask(v, n);
}

struct remotes cli_remotes(struct cli *cli)
{
	return (struct remotes){
		.fetch = fetch,
		.allow = allow,
		.how = "consent with " TRUST_VARIABLE "=1, with --yes where there is one, or when "
		       "asked at a terminal",
		.userdata = cli,
	};
}

/* -- what they see of the environment -- */

static void show_variables(const struct project_tree *t, struct buf *out)
{
	static const char *const head[] = { "VARIABLE", "VALUE",   "SOURCE",
					    "REQUIRED", "DEFAULT", NULL };
	autotable table = { 0 };

	table_init(&table, head);
	vec_foreach (v, &t->remote_vars) {
		bool by_default = !v->value && *v->default_value;
		const char *const row[] = { v->name,
					    v->value	 ? v->value
					    : by_default ? v->default_value
							 : "<unset>",
					    v->value	 ? v->origin
					    : by_default ? "compose file"
							 : "none",
					    v->required ? "yes" : "no", v->default_value };

		for (size_t i = 0; i < ARRAY_SIZE(row); i++)
			table_cell(&table, row[i]);
	}
	table_print(&table, out);
}

int cli_confirm_remotes(const struct cli *cli, const struct project_tree *t, struct error *err)
{
	autobuf text = { 0 };
	int r;

	if (!t || !t->remotes.n)
		return 0;
	buf_init(&text, BUF_MAX_ANY);
	if (remote_kind(t->files.v[0]) != REMOTE_NONE)
		buf_addf(&text, "Your compose stack \"%s\" is stored in \"%s\"\n", t->files.v[0],
			 t->dir);
	if (cli_trusts_remotes(cli) || !t->remote_vars.n || cli->g.dry_run) {
		say(&text);
		return 0;
	}
	buf_adds(&text, "Found the following variables in files of other machines:\n");
	show_variables(t, &text);
	say(&text);
	r = prompt_answer("Do you want to proceed with these variables?", true,
			  "--yes or " TRUST_VARIABLE "=1", err);
	if (r == 0)
		r = error_set(err, ERR_CANCELLED, "operation cancelled by user");
	return MIN(r, 0);
}

void cli_tell_remotes(const struct cli *cli, const struct project_tree *t)
{
	autostrv names = { 0 };
	autofree char *all = NULL;

	if (!t || cli_trusts_remotes(cli))
		return;
	vec_foreach (v, &t->remote_vars)
		if (v->value)
			strv_push(&names, v->name);
	all = strv_join(&names, ", ");
	if (names.n)
		cli_warn(cli, "files of other machines see these variables of yours: %s", all);
}
