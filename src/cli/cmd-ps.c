/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"
#include "ui/table.h"
#include "util/time.h"

struct ps_opts {
	bool all, no_trunc, orphans, quiet, services;
	char *filter, *format;
	struct strv status;
};

static const struct opt opts[] = {
	OPT(struct ps_opts, OPT_FLAG, all, 'a', "all",
	    "Show all stopped containers (including those created by the run command)"),
	OPT(struct ps_opts, OPT_STRING, filter, 0, "filter",
	    "Filter services by a property (supported filters: status)"),
	OPT(struct ps_opts, OPT_STRING, format, 0, "format",
	    "Format output: 'table' in columns, 'json' a line of JSON for each",
	    .otherwise = "table"),
	OPT(struct ps_opts, OPT_FLAG, no_trunc, 0, "no-trunc", "Don't truncate output"),
	OPT(struct ps_opts, OPT_FLAG, orphans, 0, "orphans",
	    "Include orphaned services (not declared by project)", .otherwise = "true"),
	OPT(struct ps_opts, OPT_FLAG, quiet, 'q', "quiet", "Only display IDs"),
	OPT(struct ps_opts, OPT_FLAG, services, 0, "services", "Display services"),
	OPT(struct ps_opts, OPT_STRINGS, status, 0, "status",
	    "Filter services by status. Values: [paused | restarting | removing | running | dead "
	    "|\n"
	    "created | exited]"),
	{ 0 },
};

static bool wanted(const struct project *p, const struct ps_opts *o, const struct strv *services,
		   const struct container_info *c)
{
	if (!o->all && container_is_oneoff(c))
		return false;
	if (services->n && !strv_has(services, container_label(c, LABEL_SERVICE)))
		return false;
	if (!o->orphans && p->model && !model_service(p->model, container_label(c, LABEL_SERVICE)))
		return false;
	if (o->status.n)
		return strv_has(&o->status, container_state_name(c->state));
	return o->all || c->state == CONTAINER_RUNNING || c->state == CONTAINER_PAUSED ||
	       c->state == CONTAINER_RESTARTING;
}

/* "Up 3 minutes (healthy)", "Exited (0) 2 seconds ago" */
static char *status_text(const struct container_info *c)
{
	int64_t now = time_now();
	char span[TIME_TEXT_MAX];
	const char *health = health_name(c->health);
	bool starting = c->health == HEALTH_STARTING;

	switch (c->state) {
	case CONTAINER_RUNNING:
		duration_human(now - c->started, span);
		if (*health)
			return xprintf("Up %s (%s%s)", span, starting ? "health: " : "", health);
		return xprintf("Up %s", span);
	case CONTAINER_PAUSED:
		return xprintf("Up %s (Paused)", duration_human(now - c->started, span));
	case CONTAINER_RESTARTING:
		return xprintf("Restarting (%d) %s ago", c->exit_code,
			       duration_human(now - c->finished, span));
	case CONTAINER_EXITED:
		return xprintf("Exited (%d) %s ago", c->exit_code,
			       duration_human(now - c->finished, span));
	case CONTAINER_CREATED:
		return xstrdup("Created");
	default:
		return xstrdup(container_state_name(c->state));
	}
}

static char *ports_text(const struct container_info *c)
{
	autostrv parts = { 0 };

	vec_foreach (p, &c->ports) {
		const char *ip = p->host_ip && *p->host_ip ? p->host_ip : "0.0.0.0";
		bool v6 = strchr(ip, ':') != NULL;

		if (!p->host_port)
			strv_pushf(&parts, "%u/%s", p->port, p->protocol);
		else
			strv_pushf(&parts, "%s%s%s:%u->%u/%s", v6 ? "[" : "", ip, v6 ? "]" : "",
				   p->host_port, p->port, p->protocol);
	}
	return strv_join(&parts, ", ");
}

static char *command_text(const struct container_info *c, bool whole)
{
	autofree char *all = strv_join(&c->command, " ");

	if (!whole && strlen(all) > 20)
		return xprintf("\"%.19s…\"", all);
	return xprintf("\"%s\"", all);
}

static json_t *publishers(const struct container_info *c)
{
	json_t *list = json_array();

	vec_foreach (p, &c->ports)
		json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:s}", "URL",
						      p->host_ip ? p->host_ip : "", "TargetPort",
						      p->port, "PublishedPort", p->host_port,
						      "Protocol", p->protocol));
	return list;
}

static json_t *labels_text(const struct container_info *c)
{
	autostrv parts = { 0 };
	autofree char *text = NULL;

	map_foreach (l, &c->labels)
		strv_pushf(&parts, "%s=%s", l->key, (const char *)l->value);
	text = strv_join(&parts, ",");
	return json_string(text);
}

/* One container as Docker Compose's `ps --format json` has it. */
static json_t *container_json(const struct project *p, const struct container_info *c)
{
	autofree char *command = command_text(c, true), *status = status_text(c),
		      *ports = ports_text(c);
	autostrv networks = { 0 }, mounts = { 0 };
	autofree char *network_list = NULL, *mount_list = NULL;
	char created[TIME_TEXT_MAX], ago[TIME_TEXT_MAX];

	vec_foreach (n, &c->networks)
		strv_push(&networks, n->network);
	vec_foreach (m, &c->mounts)
		strv_push(&mounts, m->name && *m->name ? m->name : m->source ? m->source : "");
	network_list = strv_join(&networks, ",");
	mount_list = strv_join(&mounts, ",");
	time_format(c->created, created);
	return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:o, s:s, "
			 "s:s, s:s, s:s}",
			 "Command", command, "CreatedAt", created, "ExitCode",
			 (json_int_t)c->exit_code, "Health", health_name(c->health), "ID", c->id,
			 "Image", c->image ? c->image : "", "Labels", labels_text(c), "Mounts",
			 mount_list, "Name", c->name, "Names", c->name, "Networks", network_list,
			 "Ports", ports, "Publishers", publishers(c), "RunningFor",
			 duration_human(time_now() - c->created, ago), "Service",
			 container_label(c, LABEL_SERVICE), "State", container_state_name(c->state),
			 "Status", status);
}

static void add_row(struct table *t, const struct container_info *c, bool whole)
{
	autofree char *command = command_text(c, whole), *status = status_text(c),
		      *ports = ports_text(c);
	char ago[TIME_TEXT_MAX];

	table_cell(t, c->name);
	table_cell(t, c->image);
	table_cell(t, command);
	table_cell(t, container_label(c, LABEL_SERVICE));
	table_cellf(t, "%s ago", duration_human(time_now() - c->created, ago));
	table_cell(t, status);
	table_cell(t, ports);
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct container_info *const *)a)->name,
		      (*(const struct container_info *const *)b)->name);
}

typedef VEC(const struct container_info *) container_list;

static void print(const struct project *p, const struct ps_opts *o, const container_list *list,
		  struct buf *out)
{
	static const char *const head[] = { "NAME",    "IMAGE",	 "COMMAND", "SERVICE",
					    "CREATED", "STATUS", "PORTS",   NULL };
	bool json = streq(o->format, "json");
	autostrv services = { 0 };
	autotable t;

	table_init(&t, head);
	vec_foreach (c, list) {
		if (o->quiet) {
			buf_addf(out, "%s\n", (*c)->id);
		} else if (o->services) {
			strv_push(&services, container_label(*c, LABEL_SERVICE));
		} else if (json) {
			autojson *j = container_json(p, *c);
			autofree char *text = json_text(j);

			buf_addf(out, "%s\n", text);
		} else {
			add_row(&t, *c, o->no_trunc);
		}
	}
	strv_uniq(&services);
	strv_foreach (s, &services)
		buf_addf(out, "%s\n", s);
	if (!o->quiet && !o->services && !json)
		table_print(&t, out);
}

static int check(struct ps_opts *o, struct error *err)
{
	const char *status = o->filter ? skip_prefix(o->filter, "status=") : NULL;
	enum container_state state;

	if (o->filter && !status)
		return error_set(err, ERR_INVALID, "--filter %s: only status=STATE is known",
				 o->filter);
	if (status)
		strv_push(&o->status, status);
	if (!streq(o->format, "table") && !streq(o->format, "json"))
		return error_set(err, ERR_UNSUPPORTED,
				 "--format \"%s\" is not done yet: table or json", o->format);
	strv_foreach (s, &o->status)
		if (container_state_parse(s, &state) < 0)
			return error_set(err, ERR_INVALID, "unknown status \"%s\"", s);
	return 0;
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	struct ps_opts *o = values;
	container_list list = { 0 };
	autoproject p = { .lock = -1 };
	autobuf out = { 0 };
	int r = check(o, err);

	buf_init(&out, BUF_MAX_ANY);
	if (r == 0)
		r = project_open(cli, args, PROJECT_NAMED_OK, &p, err);
	if (r < 0)
		return r;
	vec_foreach (c, &p.world.containers)
		if (wanted(&p, o, args, c))
			*vec_add(&list) = c;
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), by_name);
	print(&p, o, &list, &out);
	vec_done(&list);
	return cli_out(&out, err);
}

const struct command cmd_ps = {
	.name = "ps",
	.usage = "ps [OPTIONS] [SERVICE...]",
	.help = "List containers",
	.opts = opts,
	.opts_size = sizeof(struct ps_opts),
	.max_args = -1,
	.run = run,
};
