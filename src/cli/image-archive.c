/* SPDX-License-Identifier: Apache-2.0 */
/* compose image save, load */
#include "cli/image.h"
#include "util/fd.h"

#include <fcntl.h>
#include <unistd.h>

struct save_opts {
	char *output, *format;
};

static const struct opt save_opts[] = {
	OPT(struct save_opts, OPT_STRING, format, 0, "format",
	    "\"docker\": layers as they are; \"oci\": compressed, as a push makes them.\n"
	    "Either way readers of both kinds find what they know",
	    .otherwise = "docker"),
	OPT(struct save_opts, OPT_STRING, output, 'o', "output",
	    "Write to a file, or to a directory (a name that ends in /), instead of stdout"),
	{ 0 },
};

static int run_save(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct save_opts *o = values;
	autocall(store_freep) struct store *s = NULL;
	bool given = o->output && *o->output, oci = streq(o->format, "oci");
	if (!oci && !streq(o->format, "docker"))
		return error_set(err, ERR_INVALID, "--format \"%s\": docker or oci", o->format);
	if (!given && cli->tty_out)
		return error_set(
			err, ERR_INVALID,
			"an archive is not for a terminal: use --output FILE, or redirect");
	int r = cli_store(cli, &s, err);
	if (r < 0)
		return r;
	return cli_wait(cli, store_save(s, cli->loop, args, given ? o->output : "-", oci), err);
}

const struct command cmd_image_save = {
	.name = "save",
	.usage = "save [OPTIONS] IMAGE [IMAGE...]",
	.help = "Write images to an archive (docker archive and OCI layout in one)",
	.opts = save_opts,
	.opts_size = sizeof(struct save_opts),
	.min_args = 1,
	.max_args = -1,
	.run = run_save,
};

struct load_opts {
	char *input;
	bool quiet;
};

static const struct opt load_opts[] = {
	OPT(struct load_opts, OPT_STRING, input, 'i', "input",
	    "Read from an archive or a directory, instead of stdin"),
	OPT(struct load_opts, OPT_FLAG, quiet, 'q', "quiet", "Don't print what was loaded"),
	{ 0 },
};

static int print_loaded(const struct strv *names, struct error *err)
{
	autobuf out = { 0 };
	buf_init(&out, BUF_MAX_ANY);
	strv_foreach (name, names) {
		autofree char *shown = starts_with(name, "sha256:") ? NULL : image_shown(name);
		if (shown)
			buf_addf(&out, "Loaded image: %s\n", shown);
		else
			buf_addf(&out, "Loaded image ID: %s\n", name);
	}
	return cli_out(&out, err);
}

static int load_one(struct cli *cli, struct store *s, const char *path, bool quiet,
		    struct error *err)
{
	autostrv names = { 0 };
	autoclose int fd = path ? open(path, O_RDONLY | O_CLOEXEC)
				: fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return error_sys(err, "%s", path ? path : "stdin");
	int r = cli_wait(cli, store_load(s, cli->loop, fd, &names), err);
	if (r < 0)
		return error_wrap(err, "%s", path ? path : "stdin");
	return quiet ? 0 : print_loaded(&names, err);
}

static int run_load(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct load_opts *o = values;
	autocall(store_freep) struct store *s = NULL;
	bool given = o->input && *o->input;
	if (!given && !args->n && isatty(STDIN_FILENO))
		return error_set(err, ERR_INVALID,
				 "there is no archive: use --input FILE, or redirect stdin");
	if (cli_would(cli, "load", args))
		return 0;
	int r = cli_store(cli, &s, err);
	if (r == 0 && (given || !args->n))
		r = load_one(cli, s, given ? o->input : NULL, o->quiet, err);
	for (size_t i = 0; r == 0 && i < args->n; i++)
		r = load_one(cli, s, args->v[i], o->quiet, err);
	return r;
}

const struct command cmd_image_load = {
	.name = "load",
	.usage = "load [OPTIONS] [FILE...]",
	.help = "Read images from a docker archive or an OCI layout (tar, compressed or not, or "
		"directory)",
	.opts = load_opts,
	.opts_size = sizeof(struct load_opts),
	.max_args = -1,
	.run = run_load,
};
