/* SPDX-License-Identifier: Apache-2.0 */
/* compose image ls, tag, rm */
#include "cli/image.h"
#include "ui/table.h"
#include "util/num.h"
#include "util/time.h"

struct ls_opts {
	char *format;
	bool quiet, digests, no_trunc;
};

static const struct opt ls_opts[] = {
	OPT(struct ls_opts, OPT_FLAG, digests, 0, "digests", "Show digests"),
	OPT(struct ls_opts, OPT_STRING, format, 0, "format",
	    "Format the output. Values: [table | json]", .otherwise = "table"),
	OPT(struct ls_opts, OPT_FLAG, no_trunc, 0, "no-trunc", "Don't truncate ids"),
	OPT(struct ls_opts, OPT_FLAG, quiet, 'q', "quiet", "Only display image IDs"),
	{ 0 },
};

/* Both "<none>" for an image without a name. */
static void split_name(const struct image *im, char **repository, char **tag)
{
	autoref ref = { 0 };
	if (!im->ref || image_ref_parse(im->ref, &ref, NULL) < 0) {
		*repository = xstrdup("<none>");
		*tag = xstrdup("<none>");
		return;
	}
	*repository = image_ref_familiar_name(&ref);
	*tag = xstrdup(ref.tag ? ref.tag : "<none>");
}

static const char *shown_digest(const struct image *im)
{
	return im->index_digest ? im->index_digest : im->manifest_digest;
}

static void add_row(struct table *t, const struct ls_opts *o, const struct image *im)
{
	char size[NUM_SIZE_MAX], ago[TIME_TEXT_MAX];
	autofree char *repository = NULL, *tag = NULL;
	split_name(im, &repository, &tag);
	table_cell(t, repository);
	table_cell(t, tag);
	if (o->digests)
		table_cell(t, shown_digest(im) ? shown_digest(im) : "<none>");
	table_cellf(t, o->no_trunc ? "%s" : "%.12s", o->no_trunc ? im->id : digest_hex(im->id));
	if (im->created)
		table_cellf(t, "%s ago", duration_human(time_now() - im->created, ago));
	else
		table_cell(t, "N/A");
	table_cell(t, num_format_size(im->size, size));
}

static void print_table(const struct ls_opts *o, const image_vec *v, struct buf *out)
{
	static const char *const plain[] = { "REPOSITORY", "TAG",  "IMAGE ID",
					     "CREATED",	   "SIZE", NULL };
	static const char *const digests[] = { "REPOSITORY", "TAG",  "DIGEST", "IMAGE ID",
					       "CREATED",    "SIZE", NULL };
	autotable t = { 0 };
	table_init(&t, o->digests ? digests : plain);
	vec_foreach (im, v)
		add_row(&t, o, im);
	table_print(&t, out);
}

static void print_ids(const struct ls_opts *o, const image_vec *v, struct buf *out)
{
	const char *last = "";
	vec_foreach (im, v) {
		if (!streq(last, im->id))
			buf_addf(out, o->no_trunc ? "%s\n" : "%.12s\n",
				 o->no_trunc ? im->id : digest_hex(im->id));
		last = im->id;
	}
}

static void print_json(const image_vec *v, struct buf *out)
{
	vec_foreach (im, v) {
		char created[TIME_TEXT_MAX];
		autofree char *repository = NULL, *tag = NULL;
		split_name(im, &repository, &tag);
		autojson *j = json_pack(
			"{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "Repository", repository, "Tag", tag,
			"ID", im->id, "Digest", shown_digest(im) ? shown_digest(im) : "<none>",
			"Platform", im->platform ? im->platform : "", "CreatedAt",
			time_format(im->created, created), "Size", (json_int_t)im->size);
		autofree char *text = json_text(j);
		buf_addf(out, "%s\n", text);
	}
}

/* "redis" keeps every tag of it, "redis:7" the one. */
static bool wanted(const struct image *im, const struct strv *names)
{
	autofree char *shown = image_shown(im->ref), *repository = NULL, *tag = NULL;
	split_name(im, &repository, &tag);
	strv_foreach (n, names)
		if (streq(n, shown) || streq(n, repository) || glob_match(n, repository) == 1)
			return true;
	return names->n == 0;
}

static void keep_wanted(image_vec *v, const struct strv *names)
{
	for (size_t i = v->n; i-- > 0;)
		if (!wanted(&v->v[i], names)) {
			image_done(&v->v[i]);
			vec_remove(v, i);
		}
}

static int run_ls(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct ls_opts *o = values;
	autocall(store_freep) struct store *s = NULL;
	image_vec v = { 0 };
	autobuf out = { 0 };
	bool json = streq(o->format, "json");
	if (!json && !streq(o->format, "table"))
		return error_set(err, ERR_INVALID, "--format \"%s\": table or json", o->format);
	int r = cli_store(cli, &s, err);
	if (r == 0)
		r = store_image_list(s, &v, err);
	if (r < 0)
		return r;
	buf_init(&out, BUF_MAX_ANY);
	keep_wanted(&v, args);
	if (o->quiet)
		print_ids(o, &v, &out);
	else if (json)
		print_json(&v, &out);
	else
		print_table(o, &v, &out);
	image_vec_done(&v);
	return cli_out(&out, err);
}

const struct command cmd_image_ls = {
	.name = "ls",
	.usage = "ls [OPTIONS] [NAME...]",
	.help = "List images",
	.opts = ls_opts,
	.opts_size = sizeof(struct ls_opts),
	.max_args = -1,
	.run = run_ls,
};

static int run_tag(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	autocall(store_freep) struct store *s = NULL;
	autoref ref = { 0 };
	struct image im = { 0 };
	int r = image_ref_parse(args->v[1], &ref, err);
	if (r == 0 && ref.digest)
		r = error_set(err, ERR_INVALID, "%s: a new name can't have a digest", args->v[1]);
	if (r == 0)
		r = cli_store(cli, &s, err);
	if (r == 0)
		r = store_image_find(s, args->v[0], &im, err);
	if (r == 0)
		r = error_set(err, ERR_NOT_FOUND, "no such image: %s", args->v[0]);
	if (r > 0 && !cli->g.dry_run) {
		free(im.ref);
		im.ref = image_ref_text(&ref);
		r = store_image_tag(s, &im, err);
	}
	image_done(&im);
	return MIN(r, 0);
}

const struct command cmd_image_tag = {
	.name = "tag",
	.usage = "tag IMAGE NAME[:TAG]",
	.help = "Give an image another name",
	.min_args = 2,
	.max_args = 2,
	.run = run_tag,
};

struct rm_opts {
	bool force;
};

static const struct opt rm_opts[] = {
	OPT(struct rm_opts, OPT_FLAG, force, 'f', "force",
	    "Also images that have several names or are in use; no error for one that isn't there"),
	{ 0 },
};

static int remove_one(struct store *s, const char *name, bool force, struct buf *out,
		      struct error *err)
{
	autostrv untagged = { 0 }, deleted = { 0 };
	int r = store_image_remove(s, name, force, &untagged, &deleted, err);
	if (r == -ERR_NOT_FOUND && force)
		return 0;
	if (r < 0)
		return r;
	strv_foreach (ref, &untagged) {
		autofree char *shown = image_shown(ref);
		buf_addf(out, "Untagged: %s\n", shown);
	}
	strv_foreach (id, &deleted)
		buf_addf(out, "Deleted: %s\n", id);
	return 0;
}

/* All are tried; the first failure is the answer. */
static int run_rm(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct rm_opts *o = values;
	autocall(store_freep) struct store *s = NULL;
	autobuf out = { 0 };
	int r = cli_store(cli, &s, err);
	if (r < 0)
		return r;
	buf_init(&out, BUF_MAX_ANY);
	strv_foreach (name, args) {
		struct error e = ERROR_INIT;
		int one = cli->g.dry_run ? 0 : remove_one(s, name, o->force, &out, &e);
		if (one < 0 && r == 0)
			*err = e;
		else if (one < 0)
			cli_error(cli, &e);
		r = r < 0 ? r : one;
	}
	int shown = cli_out(&out, r < 0 ? NULL : err);
	return r < 0 ? r : shown;
}

const struct command cmd_image_rm = {
	.name = "rm",
	.usage = "rm [OPTIONS] IMAGE [IMAGE...]",
	.help = "Remove images",
	.opts = rm_opts,
	.opts_size = sizeof(struct rm_opts),
	.min_args = 1,
	.max_args = -1,
	.run = run_rm,
};
