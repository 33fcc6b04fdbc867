/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/image.h"
#include "registry/transfer.h"

struct fsck_opts {
	bool mend;
};

static const struct opt opts[] = {
	OPT(struct fsck_opts, OPT_FLAG, mend, 0, "mend",
	    "Take away what is damaged, make again what can be made from the rest, and pull the\n"
	    "rest again"),
	{ 0 },
};

struct report {
	struct buf out;
	size_t faults;
};

static void on_fault(void *userdata, const char *what, const char *digest, const char *fault)
{
	struct report *r = userdata;
	r->faults++;
	buf_addf(&r->out, "%s %s: %s\n", what, digest, fault);
}

/* "HOST/PATH@sha256:...": just that image, whatever its tag means by now. NULL: nobody has it but
 * we. */
static char *where_from(const struct image *im)
{
	autoref ref = { 0 };
	if (!im->ref || !im->manifest_digest || image_ref_parse(im->ref, &ref, NULL) < 0)
		return NULL;
	return xprintf("%s/%s@%s", ref.domain, ref.path, im->manifest_digest);
}

static int fetch_one(struct cli *cli, struct registry *reg, const struct image *im,
		     struct error *err)
{
	struct platform platform;
	struct pull_options opt = { .blobs = true, .as = im->ref };
	struct image now = { 0 };
	autofree char *from = where_from(im);
	if (!from)
		return 0;
	if (im->platform && platform_parse(im->platform, &platform, NULL) == 0)
		opt.platform = &platform;
	int r = cli_wait(cli, registry_pull(reg, from, &opt, &now), err);
	if (r >= 0)
		image_done(&now);
	return r;
}

/* What of the images is missing now; one that is whole costs no request. */
static int fetch_all(struct cli *cli, struct store *s, struct error *err)
{
	autocall(registry_freep) struct registry *reg = NULL;
	image_vec images = { 0 };
	int r = registry_new(cli->loop, s, &reg, err);
	if (r == 0)
		r = store_image_list(s, &images, err);
	for (size_t i = 0; r >= 0 && i < images.n; i++) {
		struct error e = ERROR_INIT;
		r = fetch_one(cli, reg, &images.v[i], &e);
		if (r < 0 && e.code != ERR_CANCELLED) {
			cli_note("WARNING: %s", e.msg);
			r = 0;
		} else if (r < 0) {
			*err = e;
		}
	}
	image_vec_done(&images);
	return MIN(r, 0);
}

/* 0: all is well again; 1: something stays missing. */
static int mend(struct cli *cli, struct store *s, struct report *first, struct error *err)
{
	struct report rest = { 0 };
	buf_init(&rest.out, BUF_MAX_ANY);
	int r = fetch_all(cli, s, err);
	if (r == 0)
		r = store_fsck(s, false, on_fault, &rest, err);
	if (r >= 0) {
		buf_addf(&first->out, "%zu faults, %s\n", first->faults,
			 rest.faults ? "of which there remain:" : "mended");
		if (rest.faults)
			buf_add(&first->out, rest.out.p, rest.out.len);
	}
	buf_done(&rest.out);
	return r;
}

static int check(struct cli *cli, struct store *s, bool mending, struct report *rep,
		 struct error *err)
{
	int r = store_fsck(s, mending, on_fault, rep, err);
	if (r < 0)
		return r;
	if (rep->faults && mending)
		return mend(cli, s, rep, err);
	if (rep->faults)
		buf_addf(&rep->out, "%zu faults: `compose fsck --mend` mends them\n", rep->faults);
	else
		buf_adds(&rep->out, "The image store is whole\n");
	return rep->faults > 0;
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct fsck_opts *o = values;
	autocall(store_freep) struct store *s = NULL;
	struct report rep = { 0 };
	buf_init(&rep.out, BUF_MAX_ANY);
	int r = cli_store(cli, &s, err);
	if (r == 0)
		r = check(cli, s, o->mend && !cli->g.dry_run, &rep, err);
	if (r >= 0) {
		int shown = cli_out(&rep.out, err);
		r = shown < 0 ? shown : r;
	}
	buf_done(&rep.out);
	return r;
}

const struct command cmd_fsck = {
	.name = "fsck",
	.usage = "fsck [OPTIONS]",
	.help = "Check every blob, layer and image of the local store",
	.opts = opts,
	.opts_size = sizeof(struct fsck_opts),
	.run = run,
};
