/* SPDX-License-Identifier: Apache-2.0 */
/* The projects of this machine, as the labels of containers tell them. */
#include "cli/commands.h"
#include "cli/project.h"
#include "ui/table.h"

struct ls_opts {
	bool all, quiet;
	struct strv filter;
	char *format;
};

static const struct opt opts[] = {
	OPT(struct ls_opts, OPT_FLAG, all, 'a', "all", "Show all stopped Compose projects"),
	OPT(struct ls_opts, OPT_STRINGS, filter, 0, "filter",
	    "Filter output based on conditions provided (name=NAME)", .value = "filter"),
	OPT(struct ls_opts, OPT_STRING, format, 0, "format",
	    "Format the output. Values: [table | json]", .otherwise = "table"),
	OPT(struct ls_opts, OPT_FLAG, quiet, 'q', "quiet", "Only display project names"),
	{ 0 },
};

struct found {
	struct strv files;
	unsigned states[CONTAINER_DEAD + 1];
};

static void found_free(void *p)
{
	struct found *f = p;

	strv_done(&f->files);
	free(f);
}

static int check(const struct ls_opts *o, struct error *err)
{
	static const char *const formats[] = { "table", "json", NULL };

	strv_foreach (f, &o->filter)
		if (!skip_prefix(f, "name="))
			return error_set(err, ERR_INVALID, "--filter %s: only name=NAME is known",
					 f);
	return cli_check_word("--format", o->format, formats, err);
}

static bool name_wanted(const struct ls_opts *o, const char *name)
{
	strv_foreach (f, &o->filter)
		if (strstr(name, skip_prefix(f, "name=")))
			return true;
	return !o->filter.n;
}

static void collect(const struct ls_opts *o, const container_vec *all, struct map *ret)
{
	vec_foreach (c, all) {
		const char *name = container_label(c, LABEL_PROJECT);
		struct found *f = map_get(ret, name);

		if (!name_wanted(o, name) || (!o->all && c->state != CONTAINER_RUNNING))
			continue;
		if (!f) {
			f = xnew(struct found);
			map_set(ret, name, f);
		}
		f->states[c->state]++;
		strv_split(&f->files, str_of(container_label(c, LABEL_CONFIG_FILES)), ',');
		strv_uniq(&f->files);
	}
}

/* "exited(1), running(2)" */
static char *status_of(const struct found *f)
{
	autostrv parts = { 0 };

	for (size_t s = 0; s < ARRAY_SIZE(f->states); s++)
		if (f->states[s])
			strv_pushf(&parts, "%s(%u)", container_state_name(s), f->states[s]);
	strv_sort(&parts);
	return strv_join(&parts, ", ");
}

static void print(const struct ls_opts *o, const struct map *found, struct buf *out)
{
	static const char *const head[] = { "NAME", "STATUS", "CONFIG FILES", NULL };
	autofree const char **names = map_sorted_keys(found);
	autojson *list = json_array();
	autotable t;

	table_init(&t, head);
	for (size_t i = 0; i < found->n; i++) {
		struct found *f = map_get(found, names[i]);
		autofree char *status = status_of(f), *files = strv_join(&f->files, ",");

		if (o->quiet)
			buf_addf(out, "%s\n", names[i]);
		table_cell(&t, names[i]);
		table_cell(&t, status);
		table_cell(&t, files);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "Name", names[i], "Status",
						      status, "ConfigFiles", files));
	}
	if (!o->quiet && streq(o->format, "json")) {
		autofree char *text = json_text(list);

		buf_addf(out, "%s\n", text);
	} else if (!o->quiet) {
		table_print(&t, out);
	}
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct ls_opts *o = values;
	container_vec all = { 0 };
	autostrv labels = { 0 };
	automap found = { 0 };
	struct engine *e;
	autobuf out = { 0 };
	int r = check(o, err);

	buf_init(&out, BUF_MAX_ANY);
	map_init(&found, found_free);
	strv_push(&labels, LABEL_PROJECT);
	if (r == 0)
		r = cli_engine(cli, &e, err);
	if (r == 0)
		r = task_wait(e->ops->container_list(e, &labels, &all), err);
	if (r >= 0) {
		collect(o, &all, &found);
		print(o, &found, &out);
		r = cli_out(&out, err);
	}
	container_vec_done(&all);
	return r;
}

const struct command cmd_ls = {
	.name = "ls",
	.usage = "ls [OPTIONS]",
	.help = "List running compose projects",
	.opts = opts,
	.opts_size = sizeof(struct ls_opts),
	.run = run,
};
