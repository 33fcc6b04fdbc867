/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"
#include "ui/table.h"
#include "util/num.h"
#include "util/time.h"

struct images_opts {
	char *format;
	bool quiet;
};

static const struct opt opts[] = {
	OPT(struct images_opts, OPT_STRING, format, 0, "format",
	    "Format the output. Values: [table | json]", .otherwise = "table"),
	OPT(struct images_opts, OPT_FLAG, quiet, 'q', "quiet", "Only display IDs"),
	{ 0 },
};

struct row {
	const struct container_info *c;
	struct image image;
	struct image_config config;
	char *repository, *tag;
};

static int inspect(struct project *p, const struct container_info *c, struct row *row,
		   struct error *err)
{
	autoref ref = { 0 };
	int r = task_wait(
		p->engine->ops->image_inspect(p->engine, c->image_id, &row->image, &row->config),
		err);

	row->c = c;
	if (r < 0)
		return r;
	if (image_ref_parse(c->image, &ref, NULL) == 0) {
		row->repository = image_ref_familiar_name(&ref);
		row->tag = xstrdup0(ref.tag);
	}
	return 0;
}

static void row_done(struct row *row)
{
	image_done(&row->image);
	image_config_done(&row->config);
	free(row->repository);
	free(row->tag);
}

static void add_row(struct table *t, const struct row *r)
{
	char size[NUM_SIZE_MAX], ago[TIME_TEXT_MAX];

	table_cell(t, r->c->name);
	table_cell(t, r->repository ? r->repository : "<none>");
	table_cell(t, r->tag ? r->tag : "<none>");
	table_cell(t, r->image.platform);
	table_cellf(t, "%.12s", digest_hex(r->c->image_id));
	table_cell(t, num_format_size(r->image.size, size));
	table_cellf(t, "%s ago", duration_human(time_now() - r->image.created, ago));
}

static json_t *row_json(const struct row *r)
{
	char created[TIME_TEXT_MAX];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "ID", r->c->image_id,
			 "ContainerName", r->c->name, "Repository",
			 r->repository ? r->repository : "", "Tag", r->tag ? r->tag : "",
			 "Platform", r->image.platform ? r->image.platform : "", "Size",
			 (json_int_t)r->image.size, "Created",
			 time_format(r->image.created, created));
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	static const char *const head[] = { "CONTAINER", "REPOSITORY", "TAG",	  "PLATFORM",
					    "IMAGE ID",	 "SIZE",       "CREATED", NULL };
	const struct images_opts *o = values;
	autoproject p = { .lock = -1 };
	autojson *list = json_array();
	autostrv ids = { 0 };
	autotable t = { 0 };
	autobuf out = { 0 };
	int r;

	buf_init(&out, BUF_MAX_ANY);
	if (!streq(o->format, "table") && !streq(o->format, "json"))
		return error_set(err, ERR_INVALID, "unsupported format \"%s\": table or json",
				 o->format);
	r = project_open(cli, args, PROJECT_NAMED_OK, &p, err);
	if (r < 0)
		return r;
	table_init(&t, head);
	vec_foreach (c, &p.world.containers) {
		struct row row = { 0 };

		if (args->n && !strv_has(args, container_label(c, LABEL_SERVICE)))
			continue;
		r = inspect(&p, c, &row, err);
		if (r == 0) {
			add_row(&t, &row);
			json_array_append_new(list, row_json(&row));
			strv_push(&ids, digest_hex(c->image_id));
		}
		row_done(&row);
		if (r < 0)
			return r;
	}
	strv_uniq(&ids);
	if (o->quiet) {
		strv_foreach (id, &ids)
			buf_addf(&out, "%s\n", id);
	} else if (streq(o->format, "json")) {
		autofree char *text = json_text(list);

		buf_addf(&out, "%s\n", text);
	} else {
		table_print(&t, &out);
	}
	return cli_out(&out, err);
}

const struct command cmd_images = {
	.name = "images",
	.usage = "images [OPTIONS] [SERVICE...]",
	.help = "List images used by the created containers",
	.opts = opts,
	.opts_size = sizeof(struct images_opts),
	.max_args = -1,
	.run = run,
};
