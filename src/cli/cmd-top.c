/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"
#include "ui/table.h"
#include "ui/term.h"

/* The engine's tab-separated lines, aligned; what processes are called is theirs to choose. */
static void add_table(const char *text, struct buf *out)
{
	struct str rest = str_of(text), line;
	autostrv head = { 0 };
	autotable t = { 0 };
	bool first = true, more = true;

	while (more) {
		autostrv cells = { 0 };

		more = str_cut(rest, '\n', &line, &rest);
		if (!line.n)
			continue;
		strv_split(&cells, line, '\t');
		if (first) {
			strv_extend(&head, &cells);
			table_init(&t, (const char *const *)strv_v(&head));
		}
		for (size_t i = 0; !first && i < head.n; i++) {
			autobuf safe = { 0 };

			buf_init(&safe, BUF_MAX_ANY);
			text_safe(str_of(i < cells.n ? cells.v[i] : ""), &safe);
			table_cell(&t, safe.p);
		}
		first = false;
	}
	if (!first)
		table_print(&t, out);
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	autoproject p = { .lock = -1 };
	autobuf out = { 0 };
	int r = project_open(cli, args, PROJECT_NAMED_OK, &p, err);

	buf_init(&out, BUF_MAX_ANY);
	if (r < 0)
		return r;
	vec_foreach (c, &p.world.containers) {
		autofree char *text = NULL;

		if (c->state != CONTAINER_RUNNING ||
		    (args->n && !strv_has(args, container_label(c, LABEL_SERVICE))))
			continue;
		r = task_wait(engine_container_top(p.engine, c->id, &text), err);
		if (r < 0)
			return r;
		buf_addf(&out, "%s\n", c->name);
		add_table(text, &out);
		buf_addc(&out, '\n');
	}
	return cli_out(&out, err);
}

const struct command cmd_top = {
	.name = "top",
	.usage = "top [SERVICES...]",
	.help = "Display the running processes",
	.max_args = -1,
	.run = run,
};
