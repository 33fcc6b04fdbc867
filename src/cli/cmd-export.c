/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"
#include "util/fd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct export_opts {
	int64_t index;
	char *output;
};

static const struct opt opts[] = {
	OPT(struct export_opts, OPT_COUNT, index, 0, "index",
	    "Index of the container if service has multiple replicas"),
	OPT(struct export_opts, OPT_STRING, output, 'o', "output",
	    "Write to a file, instead of STDOUT"),
	{ 0 },
};

static int to_file(struct project *p, const struct container_info *c, const char *path,
		   struct error *err)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct stat st;
	int r;

	if (fd < 0)
		return error_sys(err, "%s", path);
	r = cli_wait(p->cli, engine_container_export(p->engine, c->id, "/", fd), err);
	/* Half an archive is of no use; a device or a pipe stays. */
	if (r < 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		unlink(path);
	return r;
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct export_opts *o = values;
	const struct container_info *c;
	autoproject p = { .lock = -1 };
	int r = project_open_container(cli, args->v[0], o->index, &p, &c, err);

	if (r < 0)
		return r;
	if (!o->output && cli->tty_out)
		return error_set(err, ERR_INVALID,
				 "an archive is not for a terminal: use --output FILE, or a pipe");
	if (cli->g.dry_run) {
		cli_note("export %s", c->name);
		return 0;
	}
	r = o->output ? to_file(&p, c, o->output, err)
		      : cli_wait(cli, engine_container_export(p.engine, c->id, "/", STDOUT_FILENO),
				 err);
	return r < 0 ? r : 0;
}

const struct command cmd_export = {
	.name = "export",
	.usage = "export [OPTIONS] SERVICE",
	.help = "Export a service container's filesystem as a tar archive",
	.opts = opts,
	.opts_size = sizeof(struct export_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
