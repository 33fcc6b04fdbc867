/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"
#include "util/time.h"

struct events_opts {
	bool json;
	char *since, *until;
};

static const struct opt opts[] = {
	OPT(struct events_opts, OPT_FLAG, json, 0, "json",
	    "Output events as a stream of json objects"),
	OPT(struct events_opts, OPT_STRING, since, 0, "since",
	    "Show all events created since timestamp", .flags = OPT_NOT_DONE),
	OPT(struct events_opts, OPT_STRING, until, 0, "until",
	    "Stream events until this timestamp"),
	{ 0 },
};

static const char *const words[] = {
	[EVENT_CREATED] = "create",  [EVENT_STARTED] = "start",	   [EVENT_DIED] = "die",
	[EVENT_STOPPED] = "stop",    [EVENT_KILLED] = "kill",	   [EVENT_RESTARTED] = "restart",
	[EVENT_PAUSED] = "pause",    [EVENT_UNPAUSED] = "unpause", [EVENT_HEALTH] = "health_status",
	[EVENT_REMOVED] = "destroy", [EVENT_OOM] = "oom",
};

struct shown {
	const struct events_opts *o;
	const struct strv *services;
};

static void add_json(const struct engine_event *ev, const char *time, struct buf *out)
{
	const struct container_info *c = ev->container;
	autofree char *text = NULL;
	autojson *j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s}}", "time", time, "type",
				"container", "action", words[ev->type], "id", c->id, "service",
				container_label(c, LABEL_SERVICE), "attributes", "image",
				c->image ? c->image : "", "name", c->name);

	text = json_text(j);
	buf_addf(out, "%s\n", text);
}

static void on_event(void *userdata, const struct engine_event *ev)
{
	const struct shown *s = userdata;
	const struct container_info *c = ev->container;
	char time[TIME_TEXT_MAX];
	autobuf out = { 0 };

	if (s->services->n && !strv_has(s->services, container_label(c, LABEL_SERVICE)))
		return;
	buf_init(&out, BUF_MAX_ANY);
	time_format(ev->time, time);
	if (s->o->json)
		add_json(ev, time, &out);
	else
		buf_addf(&out, "%s container %s %s (image=%s, name=%s)\n", time, words[ev->type],
			 c->id, c->image ? c->image : "", c->name);
	cli_out(&out, NULL);
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct events_opts *o = values;
	struct shown shown = { o, args };
	autoproject p = { .lock = -1 };
	autostrv labels = { 0 };
	struct task *watch;
	int64_t until = 0;
	int r = cli_moment("until", o->until, &until, err);

	if (r == 0)
		r = project_open(cli, args, PROJECT_NAMED_OK, &p, err);
	if (r < 0 || (until && until <= time_now()))
		return r;
	strv_pushf(&labels, "%s=%s", LABEL_PROJECT, p.name);
	watch = p.engine->ops->watch(p.engine, &labels, on_event, &shown);
	if (until)
		task_deadline(watch, until - time_now(), "the time to end has come");
	r = cli_wait(cli, watch, err);
	return r == -ERR_TIMEOUT || r == -ERR_CANCELLED ? 0 : r;
}

const struct command cmd_events = {
	.name = "events",
	.usage = "events [OPTIONS] [SERVICE...]",
	.help = "Receive real time events from containers",
	.opts = opts,
	.opts_size = sizeof(struct events_opts),
	.max_args = -1,
	.run = run,
};
