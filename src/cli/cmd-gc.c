/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/image.h"
#include "ui/prompt.h"
#include "util/num.h"

struct gc_opts {
	bool all, force;
};

static const struct opt opts[] = {
	OPT(struct gc_opts, OPT_FLAG, all, 'a', "all",
	    "Also images that have a name and are used by no container, and the whole build\n"
	    "cache, not only what no build has asked for in a week"),
	OPT(struct gc_opts, OPT_FLAG, force, 'f', "force", "Don't ask"),
	{ 0 },
};

static void say(struct buf *out, const char *verb, const struct store_gc_report *rep)
{
	char size[NUM_SIZE_MAX];
	buf_addf(out, "%s %s: %zu images, %zu layers, %zu blobs, %zu cache entries, %zu leftovers",
		 verb, num_format_size(rep->bytes, size), rep->images, rep->layers, rep->blobs,
		 rep->cached, rep->partials);
}

static bool is_empty(const struct store_gc_report *r)
{
	return !r->images && !r->layers && !r->blobs && !r->partials && !r->cached;
}

/* 1: go on. */
static int ask(const struct gc_opts *o, const struct store_gc_report *rep, struct error *err)
{
	autobuf question = { 0 };
	if (o->force)
		return 1;
	buf_init(&question, 1000);
	say(&question, "Remove", rep);
	return prompt_yes(question.p, "--force", err);
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct gc_opts *o = values;
	autocall(store_freep) struct store *s = NULL;
	struct store_gc_report rep = { 0 };
	autobuf out = { 0 };
	int r = cli_store(cli, &s, err);
	if (r == 0)
		r = store_gc(s, true, o->all, &rep, err);
	if (r < 0)
		return r;
	if (is_empty(&rep))
		return cli_outs("Nothing to remove\n", err);
	buf_init(&out, 1000);
	r = cli->g.dry_run ? 1 : ask(o, &rep, err);
	if (r <= 0)
		return r;
	if (!cli->g.dry_run)
		r = store_gc(s, false, o->all, &rep, err);
	if (r < 0)
		return r;
	say(&out, cli->g.dry_run ? "Would free" : "Freed", &rep);
	buf_addc(&out, '\n');
	return cli_out(&out, err);
}

const struct command cmd_gc = {
	.name = "gc",
	.usage = "gc [OPTIONS]",
	.help = "Remove images, layers, blobs and build cache that nothing needs",
	.opts = opts,
	.opts_size = sizeof(struct gc_opts),
	.run = run,
};
