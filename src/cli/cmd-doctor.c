/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"
#include "engine/local/userns.h"
#include "ui/table.h"

struct doctor_opts {
	char *format;
};

static const struct opt opts[] = {
	OPT(struct doctor_opts, OPT_STRING, format, 0, "format",
	    "Format the output. Values: [table | json]", .otherwise = "table"),
	{ 0 },
};

static const char *const states[] = {
	[DOCTOR_YES] = "yes", [DOCTOR_NOTE] = "-", [DOCTOR_NO] = "no", [DOCTOR_MISSING] = "MISSING"
};

static int print_table(const doctor_findings *v, struct error *err)
{
	static const char *const head[] = { "WHAT", "NAME", "", "FOUND", NULL };
	autotable t = { 0 };
	autobuf out = { 0 };

	table_init(&t, head);
	vec_foreach (f, v) {
		table_cell(&t, f->group);
		table_cell(&t, f->name);
		table_cell(&t, states[f->state]);
		table_cell(&t, f->detail);
		if (!f->hint)
			continue;
		table_cell(&t, "");
		table_cell(&t, "");
		table_cell(&t, "");
		table_cellf(&t, "needs: %s", f->hint);
	}
	buf_init(&out, BUF_MAX_ANY);
	table_print(&t, &out);
	return cli_out(&out, err);
}

static int print_json(const doctor_findings *v, struct error *err)
{
	autojson *all = json_array();
	autofree char *text = NULL;
	autobuf out = { 0 };

	vec_foreach (f, v) {
		json_t *o = json_object();

		json_object_set_new(o, "Group", json_string(f->group));
		json_object_set_new(o, "Name", json_string(f->name));
		json_object_set_new(o, "OK", json_boolean(f->state == DOCTOR_YES));
		json_object_set_new(o, "Needed", json_boolean(f->state == DOCTOR_MISSING));
		json_object_set_new(o, "Found", json_string(f->detail));
		json_object_set_new(o, "Needs", f->hint ? json_string(f->hint) : json_null());
		json_array_append_new(all, o);
	}
	text = json_text_pretty(all);
	buf_init(&out, BUF_MAX_ANY);
	buf_addf(&out, "%s\n", text);
	return cli_out(&out, err);
}

static void findings_free(doctor_findings *v)
{
	vec_foreach (f, v) {
		free(f->name);
		free(f->detail);
		free(f->hint);
	}
	vec_done(v);
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	static const char *const formats[] = { "table", "json", NULL };
	const struct doctor_opts *o = values;
	doctor_findings v = { 0 };
	struct engine *e;
	int r = cli_check_word("format", o->format, formats, err);

	if (r == 0)
		r = cli_engine(cli, &e, err);
	if (r == 0)
		r = cli_wait(cli, engine_doctor(e, &v), err);
	if (r >= 0)
		r = streq(o->format, "json") ? print_json(&v, err) : print_table(&v, err);
	if (r == 0)
		vec_foreach (f, &v)
			r = f->state == DOCTOR_MISSING ? 1 : r;
	findings_free(&v);
	return r;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.usage = "doctor [OPTIONS]",
	.help = "Say what this machine can do, and what is missing",
	.more = "Each line is the result of trying it. The lines of RUN are the ladder by which "
		"steps of "
		"builds are kept apart from the machine, the strongest first; build --isolation "
		"chooses one. The exit code is 1 when something is missing that every build, or as "
		"root every project, needs.",
	.opts = opts,
	.opts_size = sizeof(struct doctor_opts),
	.run = run,
};
