/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"
#include "ui/table.h"
#include "util/time.h"

struct volumes_opts {
	char *format;
	bool quiet;
};

static const struct opt opts[] = {
	OPT(struct volumes_opts, OPT_STRING, format, 0, "format",
	    "Format output: 'table' in columns, 'json' a line of JSON for each",
	    .otherwise = "table"),
	OPT(struct volumes_opts, OPT_FLAG, quiet, 'q', "quiet", "Only display volume names"),
	{ 0 },
};

/* Services are named: those that their containers have mounted. */
static bool wanted(const struct project *p, const struct strv *services,
		   const struct volume_info *v)
{
	const char *owner = strmap_get(&v->labels, LABEL_PROJECT);

	if (!services->n)
		return streq0(owner, p->name);
	vec_foreach (c, &p->world.containers) {
		if (!strv_has(services, container_label(c, LABEL_SERVICE)))
			continue;
		vec_foreach (m, &c->mounts)
			if (streq0(m->name, v->name))
				return true;
	}
	return false;
}

static char *labels_text(const struct volume_info *v)
{
	autostrv parts = { 0 };

	map_foreach (l, &v->labels)
		strv_pushf(&parts, "%s=%s", l->key, (const char *)l->value);
	return strv_join(&parts, ",");
}

static void add_json(const struct volume_info *v, struct buf *out)
{
	autofree char *labels = labels_text(v), *text = NULL;
	autojson *j = json_pack("{s:s, s:s, s:s, s:s, s:s}", "Driver", v->driver, "Labels", labels,
				"Mountpoint", v->mountpoint ? v->mountpoint : "", "Name", v->name,
				"Scope", "local");

	text = json_text(j);
	buf_addf(out, "%s\n", text);
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	static const char *const head[] = { "DRIVER", "VOLUME NAME", NULL };
	static const char *const formats[] = { "table", "json", NULL };
	const struct volumes_opts *o = values;
	autoproject p = { .lock = -1 };
	autotable t = { 0 };
	autobuf out = { 0 };
	int r = cli_check_word("--format", o->format, formats, err);

	buf_init(&out, BUF_MAX_ANY);
	if (r == 0)
		r = project_open(cli, args, PROJECT_NAMED_OK, &p, err);
	if (r < 0)
		return r;
	table_init(&t, head);
	vec_foreach (v, &p.world.volumes) {
		if (!wanted(&p, args, v))
			continue;
		if (o->quiet)
			buf_addf(&out, "%s\n", v->name);
		else if (streq(o->format, "json"))
			add_json(v, &out);
		table_cell(&t, v->driver);
		table_cell(&t, v->name);
	}
	if (!o->quiet && streq(o->format, "table"))
		table_print(&t, &out);
	return cli_out(&out, err);
}

const struct command cmd_volumes = {
	.name = "volumes",
	.usage = "volumes [OPTIONS] [SERVICE...]",
	.help = "List volumes",
	.opts = opts,
	.opts_size = sizeof(struct volumes_opts),
	.max_args = -1,
	.run = run,
};
