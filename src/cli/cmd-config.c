/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/config-list.h"
#include "util/fd.h"
#include "util/io.h"

#include <fcntl.h>
#include <sys/stat.h>

static const struct opt opts[] = {
	OPT(struct config_opts, OPT_FLAG, environment, 0, "environment",
	    "Print environment used for interpolation."),
	OPT(struct config_opts, OPT_STRING, explain, 0, "explain",
	    "Print where the value of a variable comes from, and what it overrides.",
	    .value = "VARIABLE"),
	OPT(struct config_opts, OPT_STRING, format, 0, "format",
	    "Format the output. Values: [yaml | json]"),
	OPT(struct config_opts, OPT_STRING, hash, 0, "hash",
	    "Print the service config hash, one per line."),
	OPT(struct config_opts, OPT_FLAG, images, 0, "images",
	    "Print the image names, one per line."),
	OPT(struct config_opts, OPT_FLAG, lock_image_digests, 0, "lock-image-digests",
	    "Produces an override file with image digests"),
	OPT(struct config_opts, OPT_FLAG, models, 0, "models",
	    "Print the model names, one per line."),
	OPT(struct config_opts, OPT_FLAG, networks, 0, "networks",
	    "Print the network names, one per line."),
	OPT(struct config_opts, OPT_FLAG, no_consistency, 0, "no-consistency",
	    "Don't check model consistency - warning: may produce invalid Compose output"),
	OPT(struct config_opts, OPT_FLAG, no_env_resolution, 0, "no-env-resolution",
	    "Don't resolve service env files"),
	OPT(struct config_opts, OPT_FLAG, no_interpolate, 0, "no-interpolate",
	    "Don't interpolate environment variables"),
	OPT(struct config_opts, OPT_FLAG, no_normalize, 0, "no-normalize",
	    "Don't normalize compose model"),
	OPT(struct config_opts, OPT_FLAG, no_path_resolution, 0, "no-path-resolution",
	    "Don't resolve file paths"),
	OPT(struct config_opts, OPT_STRING, origin, 0, "origin",
	    "Print the file and line that each value below an attribute comes from.",
	    .value = "SERVICE.ATTRIBUTE"),
	OPT(struct config_opts, OPT_STRING, output, 'o', "output",
	    "Save to file (default to stdout)"),
	OPT(struct config_opts, OPT_FLAG, profiles, 0, "profiles",
	    "Print the profile names, one per line."),
	OPT(struct config_opts, OPT_FLAG, quiet, 'q', "quiet",
	    "Only validate the configuration, don't print anything"),
	OPT(struct config_opts, OPT_FLAG, resolve_image_digests, 0, "resolve-image-digests",
	    "Pin image tags to digests"),
	OPT(struct config_opts, OPT_FLAG, services, 0, "services",
	    "Print the service names, one per line."),
	OPT(struct config_opts, OPT_FLAG, variables, 0, "variables",
	    "Print model variables and default values."),
	OPT(struct config_opts, OPT_FLAG, volumes, 0, "volumes",
	    "Print the volume names, one per line."),
	{ 0 },
};

static int print_config(const struct config_list *in, struct buf *out, struct error *err)
{
	enum config_format format = streq0(in->opts->format, "json") ? CONFIG_JSON : CONFIG_YAML;

	return config_print(in->tree, format, in->opts->no_interpolate, out, err);
}

/* What is printed instead of the configuration: the first that is asked for. */
static const struct lister {
	size_t asked;	  /* offset of its option */
	bool text;	  /* the option is a char * */
	bool no_services; /* doesn't care which services are named */
	bool files_read;  /* env_file, label_file */
	bool raw;	  /* of what was written, not of what it means */
	int (*print)(const struct config_list *in, struct buf *out, struct error *err);
} listers[] = {
#define LIST(member, ...)                                                  \
	{                                                                  \
		.asked = offsetof(struct config_opts, member), __VA_ARGS__ \
	}
	LIST(explain, .text = true, .no_services = true, .print = list_explain),
	LIST(origin, .text = true, .no_services = true, .files_read = true, .print = list_origin),
	LIST(services, .no_services = true, .print = list_services),
	LIST(volumes, .no_services = true, .print = list_volumes),
	LIST(networks, .no_services = true, .print = list_networks),
	LIST(models, .no_services = true, .print = list_models),
	LIST(hash, .text = true, .no_services = true, .print = list_hashes),
	LIST(profiles, .print = list_profiles),
	LIST(images, .print = list_images),
	LIST(variables, .raw = true, .print = list_variables),
	LIST(environment, .files_read = true, .print = list_environment),
};
static const struct lister whole = { .files_read = true, .print = print_config };

static const struct lister *asked_lister(const struct config_opts *o)
{
	for (size_t i = 0; i < ARRAY_SIZE(listers); i++) {
		const char *p = (const char *)o + listers[i].asked;

		if (listers[i].text
			    ? *(char *const *)(const void *)p && **(char *const *)(const void *)p
			    : *(const bool *)p)
			return &listers[i];
	}
	return &whole;
}

static int load(struct cli *cli, const struct config_opts *o, const struct strv *services,
		const struct lister *lister, struct project_tree **ret, struct error *err)
{
	struct load_options opt;
	int r;

	cli_load_options(cli, lister->no_services ? NULL : services, &opt);
	opt.no_interpolate = o->no_interpolate || lister->raw;
	opt.no_normalize = o->no_normalize || opt.compatibility;
	opt.no_path_resolution = o->no_path_resolution;
	opt.no_consistency = o->no_consistency;
	opt.no_env_resolution = o->no_env_resolution;
	opt.skip_env_files = !lister->files_read;
	r = cli_load_with(cli, &opt, ret, err);
	load_options_done(&opt);
	return r;
}

/* A file is replaced whole; a device or a link to somewhere is written to. */
static int put(const struct config_opts *o, const struct buf *out, struct error *err)
{
	autoclose int fd = -1;
	struct stat st;

	if (o->quiet || !out->len)
		return 0;
	if (!o->output || !*o->output)
		return cli_out(out, err);
	if (lstat(o->output, &st) < 0 || S_ISREG(st.st_mode))
		return io_replace_fast(AT_FDCWD, o->output, out->p, out->len, 0644, err);
	fd = open(o->output, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "%s", o->output);
	return io_write_all(fd, out->p, out->len, err);
}

static int run(struct cli *cli, void *p, const struct strv *args, struct error *err)
{
	struct config_opts *o = p;
	const struct lister *lister = asked_lister(o);
	autocall(project_tree_freep) struct project_tree *t = NULL;
	autobuf out = { 0 };
	int r;

	buf_init(&out, BUF_MAX_ANY);
	if (lister == &whole && o->format && *o->format && !streq(o->format, "json") &&
	    !streq(o->format, "yaml"))
		return error_set(err, ERR_INVALID, "unsupported format \"%s\": yaml or json",
				 o->format);
	r = load(cli, o, args, lister, &t, err);
	if (r == 0 && lister == &whole && (o->resolve_image_digests || o->lock_image_digests))
		r = config_resolve_digests(cli, t, err);
	if (r == 0 && lister == &whole && o->lock_image_digests)
		config_keep_images(t);
	if (r == 0)
		r = lister->print(&(const struct config_list){ cli, o, t }, &out, err);
	return r == 0 ? put(o, &out, err) : r;
}

const struct command cmd_config = {
	.name = "config",
	.usage = "config [OPTIONS] [SERVICE...]",
	.help = "Parse, resolve and render compose file in canonical format",
	.opts = opts,
	.opts_size = sizeof(struct config_opts),
	.max_args = -1,
	.run = run,
};
