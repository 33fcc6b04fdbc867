/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/run-spec.h"

#include <unistd.h>

#define FLAG(member, letter, name, help, ...) \
	OPT(struct run_opts, OPT_FLAG, member, letter, name, help, ##__VA_ARGS__)
#define TEXT(member, letter, name, help, ...) \
	OPT(struct run_opts, OPT_STRING, member, letter, name, help, ##__VA_ARGS__)
#define LIST(member, letter, name, help, ...) \
	OPT(struct run_opts, OPT_STRINGS, member, letter, name, help, ##__VA_ARGS__)

static const struct opt opts[] = {
	FLAG(build, 0, "build", "Build image before starting container"),
	LIST(cap_add, 0, "cap-add", "Add Linux capabilities", .value = "list"),
	LIST(cap_drop, 0, "cap-drop", "Drop Linux capabilities", .value = "list"),
	FLAG(detach, 'd', "detach", "Run container in background and print container ID"),
	TEXT(entrypoint, 0, "entrypoint", "Override the entrypoint of the image"),
	LIST(env, 'e', "env", "Set environment variables"),
	LIST(env_files, 0, "env-from-file", "Set environment variables from file"),
	FLAG(interactive, 'i', "interactive", "Keep STDIN open even if not attached",
	     .otherwise = "true"),
	LIST(labels, 'l', "label", "Add or override a label"),
	TEXT(name, 0, "name", "Assign a name to the container"),
	FLAG(no_tty, 'T', "no-TTY", "Disable pseudo-TTY allocation (default: auto-detected)"),
	FLAG(no_deps, 0, "no-deps", "Don't start linked services"),
	LIST(publish, 'p', "publish", "Publish a container's port(s) to the host"),
	TEXT(pull, 0, "pull", "Pull image before running (\"always\"|\"missing\"|\"never\")",
	     .value = "policy"),
	FLAG(quiet, 'q', "quiet", "Don't print anything to STDOUT"),
	FLAG(quiet_build, 0, "quiet-build", "Suppress progress output from the build process"),
	FLAG(quiet_pull, 0, "quiet-pull", "Pull without printing progress information"),
	FLAG(remove_orphans, 0, "remove-orphans",
	     "Remove containers for services not defined in the Compose file"),
	FLAG(remove, 0, "rm", "Automatically remove the container when it exits"),
	FLAG(service_ports, 'P', "service-ports",
	     "Run command with all service's ports enabled and mapped to the host"),
	FLAG(tty, 't', "tty", "Allocate a pseudo-TTY", .otherwise = "true", .flags = OPT_HIDDEN),
	FLAG(use_aliases, 0, "use-aliases",
	     "Use the service's network useAliases in the network(s) the container connects to"),
	TEXT(user, 'u', "user", "Run as specified username or uid"),
	LIST(volumes, 'v', "volume", "Bind mount a volume"),
	TEXT(workdir, 'w', "workdir", "Working directory inside the container"),
	{ 0 },
};

/* Its image, networks and volumes, and what it depends on. */
static int prepare(struct project *p, const struct run_opts *o, const char *service,
		   struct error *err)
{
	const struct show_options show = { .title = "Preparing",
					   .quiet = o->quiet,
					   .quiet_build = o->quiet_build,
					   .quiet_pull = o->quiet_pull };
	struct up_plan_options opt = { .prepare = service,
				       .no_deps = o->no_deps,
				       .build = o->build,
				       .remove_orphans = o->remove_orphans,
				       .pull = o->pull,
				       .timeout = -1 };
	int r;

	strv_push(&opt.services, service);
	r = project_up(p, &opt, &show, false, err);
	strv_done(&opt.services);
	if (r == 0 && !p->cli->g.dry_run)
		r = project_observe(p, err);
	return r;
}

static int start(struct project *p, const char *id, struct error *err)
{
	int r = task_wait(p->engine->ops->container_start(p->engine, id), err);

	return r < 0 ? r : 0;
}

/* Attached from before its start, so that nothing that it says is lost. The first interrupt goes to
 * the program, which may take its time. */
static int run_attached(struct project *p, const struct container_spec *spec, const char *id,
			struct error *err)
{
	struct engine *e = p->engine;
	struct task *attach = engine_container_attach(e, id, spec->stdin_open ? STDIN_FILENO : -1,
						      STDOUT_FILENO, STDERR_FILENO);
	struct error ignored;
	int code = 0, r = start(p, id, err);

	if (r < 0) {
		task_cancel(attach);
		task_wait(attach, &ignored);
		return r;
	}
	r = cli_wait(p->cli, attach, err);
	if (r == -ERR_CANCELLED)
		r = task_wait(e->ops->container_kill(e, id, "SIGINT"), err);
	if (r >= 0)
		r = cli_wait(p->cli, e->ops->container_wait(e, id, &code), err);
	return r < 0 ? r : code;
}

static int create_and_run(struct project *p, const struct run_opts *o,
			  const struct container_spec *spec, struct error *err)
{
	struct engine *e = p->engine;
	struct error ignored;
	char id[DIGEST_MAX];
	int r = task_wait(e->ops->container_create(e, spec, id), err);

	project_unlock(p);
	if (r < 0)
		return r;
	if (o->detach) {
		autofree char *line = xprintf("%s\n", id);

		r = start(p, id, err);
		return r < 0 ? r : cli_outs(line, err);
	}
	r = run_attached(p, spec, id, err);
	if (o->remove || r == -ERR_UNSUPPORTED)
		task_wait(e->ops->container_remove(e, id, true, true), &ignored);
	return r;
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct run_opts *o = values;
	struct container_spec spec = { 0 };
	autoproject p = { .lock = -1 };
	autostrv services = { 0 };
	int r = cli_check_word("--pull", o->pull, pull_words, err);

	strv_push(&services, args->v[0]);
	if (r == 0)
		r = project_open(cli, &services, PROJECT_LOCK | PROJECT_MAKES, &p, err);
	if (r == 0 && !model_service(p.model, args->v[0]))
		r = error_set(err, ERR_NOT_FOUND, "no such service: %s", args->v[0]);
	if (r == 0)
		r = prepare(&p, o, args->v[0], err);
	if (r == 0)
		r = run_spec(&p, o, args, &spec, err);
	if (r == 0 && !cli->g.dry_run)
		r = create_and_run(&p, o, &spec, err);
	else if (r == 0)
		cli_note("run %s", spec.name);
	container_spec_done(&spec);
	return r;
}

const struct command cmd_run = {
	.name = "run",
	.usage = "run [OPTIONS] SERVICE [COMMAND] [ARGS...]",
	.help = "Run a one-off command on a service",
	.opts = opts,
	.opts_size = sizeof(struct run_opts),
	.flags = CMD_STOP_AT_WORD,
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
