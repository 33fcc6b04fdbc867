/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

#include <unistd.h>

struct exec_opts {
	bool detach, no_tty, privileged, interactive, tty;
	struct strv env;
	int64_t index;
	char *user, *workdir;
};

static const struct opt opts[] = {
	OPT(struct exec_opts, OPT_FLAG, detach, 'd', "detach",
	    "Detached mode: Run command in the background"),
	OPT(struct exec_opts, OPT_STRINGS, env, 'e', "env", "Set environment variables"),
	OPT(struct exec_opts, OPT_COUNT, index, 0, "index",
	    "Index of the container if service has multiple replicas"),
	OPT(struct exec_opts, OPT_FLAG, interactive, 'i', "interactive",
	    "Keep STDIN open even if not attached", .otherwise = "true", .flags = OPT_HIDDEN),
	OPT(struct exec_opts, OPT_FLAG, no_tty, 'T', "no-tty",
	    "Disable pseudo-TTY allocation. By default 'compose exec' allocates a TTY where there "
	    "is one"),
	OPT(struct exec_opts, OPT_FLAG, privileged, 0, "privileged",
	    "Give extended privileges to the process"),
	OPT(struct exec_opts, OPT_FLAG, tty, 't', "tty", "Allocate a pseudo-TTY",
	    .otherwise = "true", .flags = OPT_HIDDEN),
	OPT(struct exec_opts, OPT_STRING, user, 'u', "user", "Run the command as this user"),
	OPT(struct exec_opts, OPT_STRING, workdir, 'w', "workdir",
	    "Path to workdir directory for this command"),
	{ 0 },
};

/* KEY alone: our own environment's value, or nothing. */
static void add_env(const struct cli *cli, const struct strv *given, struct strv *ret)
{
	strv_foreach (e, given) {
		const char *value = strchr(e, '=') ? NULL : strmap_get(&cli->environ, e);

		if (strchr(e, '='))
			strv_push(ret, e);
		else if (value)
			strv_pushf(ret, "%s=%s", e, value);
	}
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct exec_opts *o = values;
	struct exec_spec spec = { .user = o->user,
				  .working_dir = o->workdir,
				  .privileged = o->privileged,
				  .detach = o->detach,
				  .stdin_fd = o->interactive && !o->detach ? STDIN_FILENO : -1,
				  .stdout_fd = STDOUT_FILENO,
				  .stderr_fd = STDERR_FILENO };
	autoproject p = { .lock = -1 };
	const struct container_info *c;
	int r, code = 0;

	r = project_open_container(cli, args->v[0], o->index, &p, &c, err);
	if (r < 0)
		return r;
	if (c->state != CONTAINER_RUNNING)
		return error_set(err, ERR_CONFLICT,
				 "service \"%s\" is not running: its container is %s", args->v[0],
				 container_state_name(c->state));
	if (cli->g.dry_run) {
		cli_note("exec in %s", c->name);
		return 0;
	}
	for (size_t i = 1; i < args->n; i++)
		strv_push(&spec.argv, args->v[i]);
	add_env(cli, &o->env, &spec.env);
	spec.tty = o->tty && !o->no_tty && !o->detach && isatty(STDIN_FILENO) && cli->tty_out;
	/* Not cli_wait(): Ctrl-C is the command's. */
	r = task_wait(p.engine->ops->container_exec(p.engine, c->id, &spec, &code), err);
	strv_done(&spec.argv);
	strv_done(&spec.env);
	return r < 0 ? r : code;
}

const struct command cmd_exec = {
	.name = "exec",
	.usage = "exec [OPTIONS] SERVICE COMMAND [ARGS...]",
	.help = "Execute a command in a running container",
	.opts = opts,
	.opts_size = sizeof(struct exec_opts),
	.flags = CMD_STOP_AT_WORD,
	.min_args = 2,
	.max_args = -1,
	.run = run,
};
