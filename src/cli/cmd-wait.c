/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

struct wait_opts {
	bool down;
};

static const struct opt opts[] = {
	OPT(struct wait_opts, OPT_FLAG, down, 0, "down-project",
	    "Drops project when the first container stops"),
	{ 0 },
};

static bool wanted(const struct container_info *c, const struct strv *services)
{
	return strv_has(services, container_label(c, LABEL_SERVICE)) && !container_is_oneoff(c);
}

static void say_ended(const struct container_info *c, int code)
{
	cli_note("container \"%s\" exited with status code %d", c->name, code);
}

static int wait_for_all(struct project *p, const struct strv *services, struct error *err)
{
	int code = 0;

	vec_foreach (c, &p->world.containers) {
		int r;

		if (!wanted(c, services))
			continue;
		r = cli_wait(p->cli, p->engine->ops->container_wait(p->engine, c->id, &code), err);
		if (r < 0)
			return r;
		say_ended(c, code);
	}
	return code;
}

struct first {
	const struct strv *services;
	struct task *watch;
	bool ended;
	int code;
};

static void on_event(void *userdata, const struct engine_event *ev)
{
	struct first *f = userdata;

	if (ev->type != EVENT_DIED || f->ended || !wanted(ev->container, f->services))
		return;
	f->ended = true;
	f->code = ev->container->exit_code;
	say_ended(ev->container, f->code);
	task_cancel(f->watch);
}

static int wait_for_first(struct project *p, const struct strv *services, struct error *err)
{
	struct first f = { .services = services };
	autostrv labels = { 0 };
	int r;

	vec_foreach (c, &p->world.containers) {
		if (!wanted(c, services) || c->state == CONTAINER_RUNNING ||
		    c->state == CONTAINER_PAUSED || c->state == CONTAINER_RESTARTING)
			continue;
		say_ended(c, c->exit_code);
		return c->exit_code;
	}
	strv_pushf(&labels, "%s=%s", LABEL_PROJECT, p->name);
	f.watch = p->engine->ops->watch(p->engine, &labels, on_event, &f);
	r = cli_wait(p->cli, f.watch, err);
	return f.ended ? f.code : r;
}

static int take_down(struct project *p, struct error *err)
{
	const struct down_plan_options opt = { .timeout = -1, .remove_orphans = true };
	autocall(plan_freep) struct plan *plan = NULL;
	int r = p->cli->g.dry_run ? 0 : project_lock(p, err);

	if (r == 0)
		r = project_observe(p, err);
	if (r == 0)
		r = plan_down(p->model, p->name, &p->world, &opt, &plan, err);
	if (r == 0)
		r = project_run(p, plan, NULL, &(struct show_options){ .title = "Removing" }, err);
	return r;
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct wait_opts *o = values;
	autoproject p = { .lock = -1 };
	int code, r = project_open(cli, args, PROJECT_NAMED_OK, &p, err);

	if (r < 0)
		return r;
	strv_foreach (name, args)
		if (!project_container(&p, name, 0, err))
			return -(int)err->code;
	if (cli->g.dry_run)
		return o->down ? take_down(&p, err) : 0;
	code = o->down ? wait_for_first(&p, args, err) : wait_for_all(&p, args, err);
	if (code >= 0 && o->down) {
		r = take_down(&p, err);
		if (r < 0)
			return r;
	}
	return code;
}

const struct command cmd_wait = {
	.name = "wait",
	.usage = "wait SERVICE [SERVICE...] [OPTIONS]",
	.help = "Block until containers of all (or specified) services stop",
	.opts = opts,
	.opts_size = sizeof(struct wait_opts),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
