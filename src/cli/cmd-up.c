/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/logs.h"
#include "util/time.h"

#include <unistd.h>

struct up_opts {
	bool abort_on_exit, abort_on_failure, always_recreate_deps, attach_dependencies, build,
		detach;
	bool force_recreate, menu, no_build, no_color, no_deps, no_prefix, no_recreate, no_start;
	bool quiet_build, quiet_pull, remove_orphans, renew, timestamps, wait, watch, yes;
	struct strv attach, no_attach, scale;
	char *exit_code_from, *pull;
	int64_t timeout, wait_timeout;
};

#define FLAG(member, letter, name, help, ...) \
	OPT(struct up_opts, OPT_FLAG, member, letter, name, help, ##__VA_ARGS__)

static const struct opt opts[] = {
	FLAG(abort_on_exit, 0, "abort-on-container-exit",
	     "Stops all containers if any container was stopped. Incompatible with -d"),
	FLAG(abort_on_failure, 0, "abort-on-container-failure",
	     "Stops all containers if any container exited with failure. Incompatible with -d"),
	FLAG(always_recreate_deps, 0, "always-recreate-deps",
	     "Recreate dependent containers. Incompatible with --no-recreate"),
	OPT(struct up_opts, OPT_STRINGS, attach, 0, "attach",
	    "Restrict attaching to the specified services. Incompatible with "
	    "--attach-dependencies"),
	FLAG(attach_dependencies, 0, "attach-dependencies",
	     "Automatically attach to log output of dependent services"),
	FLAG(build, 0, "build", "Build images before starting containers"),
	FLAG(detach, 'd', "detach", "Detached mode: Run containers in the background"),
	OPT(struct up_opts, OPT_STRING, exit_code_from, 0, "exit-code-from",
	    "Return the exit code of the selected service container. "
	    "Implies\n--abort-on-container-exit"),
	FLAG(force_recreate, 0, "force-recreate",
	     "Recreate containers even if their configuration and image haven't changed"),
	FLAG(menu, 0, "menu",
	     "Enable interactive shortcuts when running attached. Incompatible with --detach",
	     .flags = OPT_NOT_DONE),
	OPT(struct up_opts, OPT_STRINGS, no_attach, 0, "no-attach",
	    "Do not attach (stream logs) to the specified services"),
	FLAG(no_build, 0, "no-build", "Don't build an image, even if it's policy"),
	FLAG(no_color, 0, "no-color", "Produce monochrome output"),
	FLAG(no_deps, 0, "no-deps", "Don't start linked services"),
	FLAG(no_prefix, 0, "no-log-prefix", "Don't print prefix in logs"),
	FLAG(no_recreate, 0, "no-recreate",
	     "If containers already exist, don't recreate them. Incompatible with "
	     "--force-recreate"),
	FLAG(no_start, 0, "no-start", "Don't start the services after creating them"),
	OPT(struct up_opts, OPT_STRING, pull, 0, "pull",
	    "Pull image before running (\"always\"|\"missing\"|\"never\")", .value = "policy"),
	FLAG(quiet_build, 0, "quiet-build", "Suppress the build output"),
	FLAG(quiet_pull, 0, "quiet-pull", "Pull without printing progress information"),
	FLAG(remove_orphans, 0, "remove-orphans",
	     "Remove containers for services not defined in the Compose file"),
	FLAG(renew, 'V', "renew-anon-volumes",
	     "Recreate anonymous volumes instead of retrieving data from the previous containers"),
	OPT(struct up_opts, OPT_STRINGS, scale, 0, "scale",
	    "Scale SERVICE to NUM instances. Overrides the scale setting in the Compose file "
	    "if\npresent",
	    .value = "scale"),
	OPT(struct up_opts, OPT_INT, timeout, 't', "timeout",
	    "Use this timeout in seconds for container shutdown when attached or when containers "
	    "are\n"
	    "already running",
	    .otherwise = "-1", .flags = OPT_NO_DEFAULT),
	FLAG(timestamps, 0, "timestamps", "Show timestamps"),
	FLAG(wait, 0, "wait", "Wait for services to be running|healthy. Implies detached mode"),
	OPT(struct up_opts, OPT_COUNT, wait_timeout, 0, "wait-timeout",
	    "Maximum duration in seconds to wait for the project to be running|healthy"),
	FLAG(watch, 'w', "watch",
	     "Watch source code and rebuild/refresh containers when files are updated",
	     .flags = OPT_NOT_DONE),
	FLAG(yes, 'y', "yes", "Assume \"yes\" as answer to all prompts and run non-interactively"),
	{ 0 },
};

static int check(const struct up_opts *o, struct error *err)
{
	const struct {
		bool both;
		const char *a, *b;
	} pairs[] = {
		{ o->force_recreate && o->no_recreate, "--force-recreate", "--no-recreate" },
		{ o->always_recreate_deps && o->no_recreate, "--always-recreate-deps",
		  "--no-recreate" },
		{ o->build && o->no_build, "--build", "--no-build" },
		{ o->detach && (o->abort_on_exit || o->exit_code_from), "--detach",
		  "--abort-on-container-exit" },
		{ o->detach && o->abort_on_failure, "--detach", "--abort-on-container-failure" },
		{ o->detach && (o->attach.n || o->attach_dependencies), "--detach", "--attach" },
		{ o->attach.n && o->attach_dependencies, "--attach", "--attach-dependencies" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (pairs[i].both)
			return error_set(err, ERR_INVALID, "%s and %s are incompatible", pairs[i].a,
					 pairs[i].b);
	return cli_check_word("--pull", o->pull, pull_words, err);
}

static int plan_and_run(struct project *p, const struct up_opts *o, const struct strv *services,
			struct error *err)
{
	struct up_plan_options opt = {
		.services = *services,
		.no_deps = o->no_deps,
		.build = o->build,
		.no_build = o->no_build,
		.always_recreate_deps = o->always_recreate_deps,
		.no_start = o->no_start,
		.remove_orphans = o->remove_orphans,
		.renew_anon_volumes = o->renew,
		.recreate = o->force_recreate ? RECREATE_FORCE
			    : o->no_recreate  ? RECREATE_NEVER
					      : RECREATE_CHANGED,
		.pull = o->pull,
		.timeout = cli_seconds(o->timeout),
	};
	const struct show_options show = { .quiet_build = o->quiet_build,
					   .quiet_pull = o->quiet_pull };
	int r = cli_scale("--scale", &o->scale, p->model, &opt.scale, err);

	if (r == 0)
		r = project_up(p, &opt, &show, o->yes, err);
	map_done(&opt.scale);
	return r;
}

/* ---- attached ---- */

struct attached {
	struct project *p;
	const struct up_opts *o;
	const struct strv *services;
	struct task *logs;
	int exit_code; /* of the container whose end ended all */
	bool aborted;
};

static bool shown(void *userdata, const struct container_info *c)
{
	const struct attached *a = userdata;
	const char *name = container_label(c, LABEL_SERVICE);
	const struct service *s = model_service(a->p->model, name);

	if (!s || container_is_oneoff(c) || strv_has(&a->o->no_attach, name))
		return false;
	if (a->o->attach.n)
		return strv_has(&a->o->attach, name);
	if (a->services->n && !a->o->attach_dependencies && !strv_has(a->services, name))
		return false;
	return s->attach;
}

static void on_ended(void *userdata, const char *name, int code, bool restarting)
{
	struct attached *a = userdata;
	bool stop = a->o->abort_on_exit || a->o->exit_code_from || (a->o->abort_on_failure && code);

	cli_note("%s exited with code %d%s", name, code, restarting ? " (restarting)" : "");
	if (!stop || restarting || a->aborted)
		return;
	a->exit_code = code;
	a->aborted = true;
	task_cancel(a->logs);
}

static int stop_all(struct project *p, const struct strv *services, enum step_kind kind,
		    int64_t timeout, struct error *err)
{
	struct each_plan_options opt = {
		.kind = kind, .services = *services, .timeout = timeout, .signal = "SIGKILL"
	};
	autocall(plan_freep) struct plan *plan = NULL;
	int r = p->lock < 0 ? project_lock(p, err) : 0;

	if (r == 0)
		r = project_observe(p, err);
	if (r == 0)
		r = plan_each(p->model, p->name, &p->world, &opt, &plan, err);
	if (r == 0)
		r = project_run(p, plan, NULL, &(struct show_options){ .title = "Stopping" }, err);
	return r;
}

/* In order, gracefully; interrupted once more: at once. */
static int stop_gracefully(struct project *p, const struct strv *services, int64_t timeout,
			   struct error *err)
{
	int r = stop_all(p, services, STEP_CONTAINER_STOP, timeout, err);

	return r == -ERR_CANCELLED ? stop_all(p, services, STEP_CONTAINER_KILL, -1, err) : r;
}

/* --exit-code-from: of that service, now that all are stopped. */
static int exit_code_of(struct attached *a, struct error *err)
{
	const struct container_info *c;
	int r;

	if (!a->o->exit_code_from)
		return a->exit_code;
	r = project_observe(a->p, err);
	if (r < 0)
		return r;
	c = project_container(a->p, a->o->exit_code_from, 0, err);
	return c ? c->exit_code : -(int)err->code;
}

/* since: when `up` began; what containers said before is not shown. */
static int follow(struct project *p, const struct up_opts *o, const struct strv *services,
		  int64_t since, struct error *err)
{
	struct attached a = { .p = p, .o = o, .services = services };
	const struct logs_show show = { .log = { .follow = true, .tail = -1, .since = since },
					.no_prefix = o->no_prefix,
					.no_color = o->no_color,
					.timestamps = o->timestamps };
	const struct logs_of of = { .wanted = shown, .ended = on_ended, .userdata = &a };
	autostrv names = { 0 };
	int r = project_observe(p, err);

	if (r < 0)
		return r;
	vec_foreach (c, &p->world.containers)
		if (shown(&a, c))
			strv_push(&names, container_short_name(p, c));
	autofree char *joined = strv_join(&names, ", ");

	cli_note("Attaching to %s", joined);
	a.logs = logs_task(p, &show, &of);
	r = cli_wait(p->cli, a.logs, err);
	if (!a.aborted && r != -ERR_CANCELLED)
		return r;
	if (!a.aborted)
		cli_note("Gracefully stopping... (press Ctrl+C again to force)");
	r = stop_gracefully(p, services, cli_seconds(o->timeout), err);
	if (r < 0)
		return r;
	return a.aborted ? exit_code_of(&a, err) : 130;
}

/* ---- --wait ---- */

static int wait_ready(struct project *p, const struct up_opts *o, const struct strv *services,
		      struct error *err)
{
	const struct show_options show = {
		.title = "Waiting",
		.deadline = cli_seconds(o->wait_timeout),
		.deadline_message =
			"the project was not running and healthy in time (--wait-timeout)",
	};
	autocall(plan_freep) struct plan *plan = NULL;
	int r = project_observe(p, err);

	if (r == 0)
		r = plan_ready(p->model, &p->world, services, &plan, err);
	return r < 0 ? r : project_run(p, plan, NULL, &show, err);
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	struct up_opts *o = values;
	autoproject p = { .lock = -1 };
	int64_t began = time_now();
	int r = check(o, err);

	cli->yes = o->yes;
	if (r == 0)
		r = project_open(cli, args, PROJECT_LOCK | PROJECT_MAKES, &p, err);
	if (r < 0)
		return r;
	if (!p.model->services.n)
		return error_set(err, ERR_INVALID, "no service selected");
	if (o->exit_code_from && !model_service(p.model, o->exit_code_from))
		return error_set(err, ERR_NOT_FOUND, "--exit-code-from: no such service: %s",
				 o->exit_code_from);
	r = plan_and_run(&p, o, args, err);
	if (r == -ERR_CANCELLED && !o->detach && !cli->g.dry_run) {
		struct error ignored;

		stop_gracefully(&p, args, cli_seconds(o->timeout), &ignored);
		return 130;
	}
	if (r < 0 || cli->g.dry_run || o->no_start)
		return r;
	if (o->wait)
		return wait_ready(&p, o, args, err);
	if (o->detach)
		return 0;
	project_unlock(&p);
	return follow(&p, o, args, began, err);
}

const struct command cmd_up = {
	.name = "up",
	.usage = "up [OPTIONS] [SERVICE...]",
	.help = "Create and start containers",
	.opts = opts,
	.opts_size = sizeof(struct up_opts),
	.max_args = -1,
	.run = run,
};
