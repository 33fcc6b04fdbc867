/* SPDX-License-Identifier: Apache-2.0 */
/* compose image pull, push: any reference, without a project. */
#include "cli/image.h"
#include "cli/view.h"
#include "registry/transfer.h"

struct transfer {
	struct cli *cli;
	struct store *store;
	struct registry *registry;
	struct view view;
	const char *ref; /* under way */
};

static void on_progress(void *userdata, const struct transfer_progress *p)
{
	struct transfer *t = userdata;
	view_transfer(&t->view, t->ref, p);
}

static int transfer_open(struct cli *cli, const char *title, bool quiet, struct transfer *t,
			 struct error *err)
{
	const struct show_options show = { .title = title, .quiet = quiet };
	*t = (struct transfer){ .cli = cli };
	int r = cli_store(cli, &t->store, err);
	if (r == 0)
		r = registry_new(cli->loop, t->store, &t->registry, err);
	if (r == 0)
		r = view_open(cli, &show, &t->view, err);
	return r;
}

static void transfer_close(struct transfer *t)
{
	if (t->view.progress)
		view_close(&t->view);
	registry_free(t->registry);
	store_free(t->store);
}

static int transfer_one(struct transfer *t, const char *ref, struct task *task,
			const char *const words[2], struct error *err)
{
	t->ref = ref;
	progress_row(t->view.progress, ref, NULL, ROW_WORKING, words[0], 0, 0);
	int r = cli_wait(t->cli, task, err);
	progress_row(t->view.progress, ref, NULL, r < 0 ? ROW_FAILED : ROW_DONE,
		     r < 0 ? "Failed" : words[1], 0, 0);
	return r < 0 ? r : 0; /* its message names the image */
}

static unsigned parallel(const struct cli *cli)
{
	return cli->g.parallel > 0 ? (unsigned)MIN(cli->g.parallel, 64) : 0;
}

struct pull_opts {
	char *platform;
	bool all_platforms, quiet;
};

static const struct opt pull_opts[] = {
	OPT(struct pull_opts, OPT_FLAG, all_platforms, 0, "all-platforms",
	    "Also what the image has for other platforms, and its attestations: for save and push"),
	OPT(struct pull_opts, OPT_STRING, platform, 0, "platform",
	    "The platform that is pulled, if the image has several"),
	OPT(struct pull_opts, OPT_FLAG, quiet, 'q', "quiet", "Only print the names"),
	{ 0 },
};

static int print_line(const char *text, struct error *err)
{
	autofree char *line = xprintf("%s\n", text);
	return cli_outs(line, err);
}

static int pull_one(struct transfer *t, const char *ref, const struct pull_options *opt,
		    struct error *err)
{
	static const char *const words[] = { "Pulling", "Pulled" };
	autoref parsed = { 0 };
	struct image im = { 0 };
	int r = image_ref_parse(ref, &parsed, err);
	if (r < 0)
		return r;
	autofree char *text = image_ref_text(&parsed);
	r = transfer_one(t, ref, registry_pull(t->registry, ref, opt, &im), words, err);
	image_done(&im);
	return r < 0 ? r : print_line(text, err);
}

static int platform_of(const char *text, struct platform *p, const struct platform **ret,
		       struct error *err)
{
	int r = text && *text ? platform_parse(text, p, err) : 0;
	*ret = text && *text ? p : NULL;
	return r;
}

/* The first failure is the answer; another one is told. */
static int note_failure(const struct transfer *t, int before, int r, const struct error *e,
			struct error *err)
{
	if (r < 0 && before == 0)
		*err = *e;
	else if (r < 0)
		cli_error(t->cli, e);
	return before < 0 ? before : MIN(r, 0);
}

static int run_pull(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct pull_opts *o = values;
	struct platform platform;
	struct transfer t;
	struct pull_options opt = { .all_platforms = o->all_platforms,
				    .parallel = parallel(cli),
				    .progress = on_progress,
				    .userdata = &t };
	int r = platform_of(o->platform, &platform, &opt.platform, err);
	if (r < 0)
		return r;
	if (cli_would(cli, "pull", args))
		return 0;
	r = transfer_open(cli, "Pulling", o->quiet, &t, err);
	for (size_t i = 0; t.view.progress && i < args->n; i++) {
		struct error e = ERROR_INIT;
		int one = pull_one(&t, args->v[i], &opt, &e);
		r = note_failure(&t, r, one, &e, err);
		if (one == -ERR_CANCELLED)
			break;
	}
	transfer_close(&t);
	return r;
}

const struct command cmd_image_pull = {
	.name = "pull",
	.usage = "pull [OPTIONS] IMAGE [IMAGE...]",
	.help = "Pull images from a registry",
	.opts = pull_opts,
	.opts_size = sizeof(struct pull_opts),
	.min_args = 1,
	.max_args = -1,
	.run = run_pull,
};

struct push_opts {
	char *compression, *platform;
	bool all_tags, quiet;
};

static const struct opt push_opts[] = {
	OPT(struct push_opts, OPT_FLAG, all_tags, 'a', "all-tags",
	    "Push all tags that the images have here"),
	OPT(struct push_opts, OPT_STRING, compression, 0, "compression",
	    "How layers that have no blob yet are compressed (\"gzip\"|\"zstd\"|\"plain\")",
	    .otherwise = "gzip"),
	OPT(struct push_opts, OPT_STRING, platform, 0, "platform",
	    "Of an image for several platforms this one alone"),
	OPT(struct push_opts, OPT_FLAG, quiet, 'q', "quiet", "Only print the digests"),
	{ 0 },
};

static int compression_parse(const char *s, enum layer_compression *ret, struct error *err)
{
	static const char *const names[] = {
		[LAYER_GZIP] = "gzip", [LAYER_ZSTD] = "zstd", [LAYER_PLAIN] = "plain"
	};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(names[i], s)) {
			*ret = (enum layer_compression)i;
			return 0;
		}
	return error_set(err, ERR_INVALID, "--compression \"%s\": gzip, zstd or plain", s);
}

static int push_one(struct transfer *t, const char *ref, const struct push_options *opt,
		    struct error *err)
{
	static const char *const words[] = { "Pushing", "Pushed" };
	char digest[DIGEST_MAX];
	int r = transfer_one(t, ref, registry_push(t->registry, ref, ref, opt, digest), words, err);
	return r < 0 ? r : print_line(digest, err);
}

/* "NAME" and all of its tags that are here. */
static int list_tags(struct store *s, const char *name, struct strv *ret, struct error *err)
{
	autoref want = { 0 };
	image_vec all = { 0 };
	size_t before = ret->n;
	int r = image_ref_parse(name, &want, err);
	if (r == 0 &&
	    (strchr(name, '@') || !streq(want.tag, "latest") || ends_with(name, ":latest")))
		r = error_set(err, ERR_INVALID, "%s: with --all-tags a name has no tag", name);
	if (r == 0)
		r = store_image_list(s, &all, err);
	vec_foreach (im, &all) {
		autoref ref = { 0 };
		if (im->ref && image_ref_parse(im->ref, &ref, NULL) == 0 && ref.tag &&
		    !ref.digest && streq(ref.domain, want.domain) && streq(ref.path, want.path))
			strv_take(ret, image_ref_familiar(&ref));
	}
	image_vec_done(&all);
	if (r == 0 && ret->n == before)
		r = error_set(err, ERR_NOT_FOUND, "%s: no image of this name is here", name);
	return r;
}

static int run_push(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct push_opts *o = values;
	struct push_options opt = { .parallel = parallel(cli), .progress = on_progress };
	struct platform platform;
	autostrv names = { 0 };
	struct transfer t;
	int r = compression_parse(o->compression, &opt.compression, err);
	if (r == 0)
		r = platform_of(o->platform, &platform, &opt.platform, err);
	if (r < 0)
		return r;
	if (cli_would(cli, "push", args))
		return 0;
	r = transfer_open(cli, "Pushing", o->quiet, &t, err);
	opt.userdata = &t;
	for (size_t i = 0; r == 0 && i < args->n; i++) {
		if (o->all_tags)
			r = list_tags(t.store, args->v[i], &names, err);
		else
			strv_push(&names, args->v[i]);
	}
	if (r < 0)
		strv_done(&names);
	for (size_t i = 0; t.view.progress && i < names.n; i++) {
		struct error e = ERROR_INIT;
		int one = push_one(&t, names.v[i], &opt, &e);
		r = note_failure(&t, r, one, &e, err);
		if (one == -ERR_CANCELLED)
			break;
	}
	transfer_close(&t);
	return r;
}

const struct command cmd_image_push = {
	.name = "push",
	.usage = "push [OPTIONS] IMAGE [IMAGE...]",
	.help = "Push images to the registries that their names say",
	.opts = push_opts,
	.opts_size = sizeof(struct push_opts),
	.min_args = 1,
	.max_args = -1,
	.run = run_push,
};
