/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

#include <unistd.h>

struct cp_opts {
	bool all, archive, follow;
	int64_t index;
};

static const struct opt opts[] = {
	OPT(struct cp_opts, OPT_FLAG, all, 0, "all",
	    "Include containers created by the run command", .flags = OPT_NOT_DONE),
	OPT(struct cp_opts, OPT_FLAG, archive, 'a', "archive",
	    "Archive mode (copy all uid/gid information)"),
	OPT(struct cp_opts, OPT_FLAG, follow, 'L', "follow-link",
	    "Always follow symbol link in SRC_PATH", .flags = OPT_NOT_DONE),
	OPT(struct cp_opts, OPT_COUNT, index, 0, "index",
	    "Index of the container if service has multiple replicas"),
	{ 0 },
};

/* SERVICE:PATH; a path of ours has a '/' or nothing before its first ':'. */
static bool in_service(const char *arg, char **ret_service, const char **ret_path)
{
	struct str service, path;

	if (!str_cut(str_of(arg), ':', &service, &path) || !service.n ||
	    memchr(service.p, '/', service.n))
		return false;
	*ret_service = str_dup(service);
	*ret_path = path.p;
	return true;
}

static int copy(struct cli *cli, const struct cp_opts *o, const char *service, const char *path,
		bool out, struct error *err)
{
	const struct container_info *c;
	autoproject p = { .lock = -1 };
	struct task *t;
	int r;

	r = project_open_container(cli, service, o->index, &p, &c, err);
	if (r < 0)
		return r;
	if (cli->g.dry_run) {
		cli_note("copy %s %s:%s", out ? "out of" : "into", c->name, path);
		return 0;
	}
	t = out ? engine_container_export(p.engine, c->id, path, STDOUT_FILENO)
		: engine_container_import(p.engine, c->id, path, STDIN_FILENO);
	r = cli_wait(cli, t, err);
	return r < 0 ? r : 0;
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	autofree char *from = NULL, *to = NULL;
	const char *from_path = NULL, *to_path = NULL;
	bool is_from = in_service(args->v[0], &from, &from_path);
	bool is_to = in_service(args->v[1], &to, &to_path);

	if (is_from && is_to)
		return error_set(err, ERR_INVALID, "copying between services is not supported");
	if (!is_from && !is_to)
		return error_set(err, ERR_INVALID,
				 "one of the two must be in a service: SERVICE:PATH");
	if (!streq(is_from ? args->v[1] : args->v[0], "-"))
		return error_set(err, ERR_UNSUPPORTED,
				 "copying to and from files is not done yet: `-` is a tar stream "
				 "on standard %s",
				 is_from ? "output" : "input");
	return copy(cli, values, is_from ? from : to, is_from ? from_path : to_path, is_from, err);
}

const struct command cmd_cp = {
	.name = "cp",
	.usage = "cp [OPTIONS] SERVICE:SRC_PATH DEST_PATH|-\n"
		 "        compose cp [OPTIONS] SRC_PATH|- SERVICE:DEST_PATH",
	.help = "Copy files/folders between a service container and the local filesystem",
	.opts = opts,
	.opts_size = sizeof(struct cp_opts),
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
