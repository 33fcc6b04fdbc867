/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

#include <unistd.h>

struct attach_opts {
	char *detach_keys;
	int64_t index;
	bool no_stdin, sig_proxy;
};

static const struct opt opts[] = {
	OPT(struct attach_opts, OPT_STRING, detach_keys, 0, "detach-keys",
	    "Override the key sequence for detaching from a container", .flags = OPT_NOT_DONE),
	OPT(struct attach_opts, OPT_COUNT, index, 0, "index",
	    "Index of the container if service has multiple replicas"),
	OPT(struct attach_opts, OPT_FLAG, no_stdin, 0, "no-stdin", "Do not attach STDIN"),
	OPT(struct attach_opts, OPT_FLAG, sig_proxy, 0, "sig-proxy",
	    "Proxy all received signals to the process", .otherwise = "true"),
	{ 0 },
};

/* The container's exit code; an interrupt goes to the container, or with --sig-proxy=false ends the
 * attaching alone. */
static int attach(struct project *p, const struct container_info *c, const struct attach_opts *o,
		  struct error *err)
{
	struct engine *e = p->engine;
	int code = 0, r;

	r = cli_wait(p->cli,
		     engine_container_attach(e, c->id, o->no_stdin ? -1 : STDIN_FILENO,
					     STDOUT_FILENO, STDERR_FILENO),
		     err);
	if (r == -ERR_CANCELLED && !o->sig_proxy)
		return 130;
	if (r == -ERR_CANCELLED)
		r = task_wait(e->ops->container_kill(e, c->id, "SIGINT"), err);
	if (r >= 0)
		r = cli_wait(p->cli, e->ops->container_wait(e, c->id, &code), err);
	return r < 0 ? r : code;
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct attach_opts *o = values;
	const struct container_info *c;
	autoproject p = { .lock = -1 };
	int r = project_open_container(cli, args->v[0], o->index, &p, &c, err);

	if (r < 0)
		return r;
	if (c->state != CONTAINER_RUNNING)
		return error_set(err, ERR_CONFLICT, "container %s is %s: nothing to attach to",
				 c->name, container_state_name(c->state));
	if (cli->g.dry_run) {
		cli_note("attach to %s", c->name);
		return 0;
	}
	return attach(&p, c, o, err);
}

const struct command cmd_attach = {
	.name = "attach",
	.usage = "attach [OPTIONS] SERVICE",
	.help = "Attach local standard input, output, and error streams to a service's running "
		"container",
	.opts = opts,
	.opts_size = sizeof(struct attach_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
