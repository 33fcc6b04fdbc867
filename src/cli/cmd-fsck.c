/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/image.h"

struct fsck_opts {
	bool mend;
};

static const struct opt opts[] = {
	OPT(struct fsck_opts, OPT_FLAG, mend, 0, "mend",
	    "Take away what is damaged, and make again what can be made from the rest"),
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

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct fsck_opts *o = values;
	autocall(store_freep) struct store *s = NULL;
	struct report rep = { 0 };
	buf_init(&rep.out, BUF_MAX_ANY);
	bool mend = o->mend && !cli->g.dry_run;
	int r = cli_store(cli, &s, err);
	if (r == 0)
		r = store_fsck(s, mend, on_fault, &rep, err);
	if (r >= 0) {
		if (rep.faults)
			buf_addf(&rep.out, "%zu faults%s\n", rep.faults,
				 mend ? ", mended: pull images again whose layers are missing"
				      : ": `compose fsck --mend` mends them");
		else
			buf_adds(&rep.out, "The image store is whole\n");
		int shown = cli_out(&rep.out, err);
		r = shown < 0 ? shown : (rep.faults && !mend);
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
