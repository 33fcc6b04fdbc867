/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/logs.h"

#include "ui/logmux.h"
#include "util/env.h"

#include <unistd.h>

struct logs {
	struct task task;
	struct project *project;
	struct logmux *mux;
	VEC(struct followed {
		struct logs *logs;
		const struct container_info *c;
		char *name;
		struct task *lines, *wait;
		int code;
	} *)
	followed;
	size_t left;
	struct error err;
	logs_ended_fn ended;
	void *userdata;
};

static void logs_cancel(struct task *t)
{
	struct logs *l = container_of(t, struct logs, task);

	vec_foreach (f, &l->followed) {
		if ((*f)->lines)
			task_cancel((*f)->lines);
		if ((*f)->wait)
			task_cancel((*f)->wait);
	}
}

static void logs_free(struct task *t)
{
	struct logs *l = container_of(t, struct logs, task);

	vec_foreach (f, &l->followed) {
		task_unref((*f)->lines);
		task_unref((*f)->wait);
		free((*f)->name);
		free(*f);
	}
	vec_done(&l->followed);
	logmux_free(l->mux);
	free(l);
}

static const struct task_ops logs_ops = { "logs", logs_cancel, logs_free };

static void on_line(void *userdata, const struct log_line *line)
{
	struct followed *f = userdata;

	logmux_line(f->logs->mux, f->name, line->time, line->text, line->partial);
}

static void one_ended(struct logs *l)
{
	if (--l->left)
		return;
	if (l->task.cancelled && !l->err.code)
		error_set(&l->err, ERR_CANCELLED, "interrupted");
	task_end_with(&l->task, l->err.code ? -(int)l->err.code : 0, &l->err);
}

static void lines_done(struct task *t, int r, void *userdata)
{
	struct followed *f = userdata;

	logmux_end(f->logs->mux, f->name);
	if (r < 0 && r != -ERR_CANCELLED && !f->logs->err.code)
		f->logs->err = t->err;
	one_ended(f->logs);
}

static void wait_done(struct task *t, int r, void *userdata)
{
	struct followed *f = userdata;

	if (r >= 0 && f->logs->ended)
		f->logs->ended(f->logs->userdata, f->c, f->code);
	one_ended(f->logs);
}

static void follow(struct logs *l, const struct container_info *c, const struct logs_show *show)
{
	struct engine *e = l->project->engine;
	struct followed *f = xnew(struct followed);

	f->logs = l;
	f->c = c;
	f->name = xstrdup(container_short_name(l->project, c));
	*vec_add(&l->followed) = f;
	logmux_name(l->mux, f->name);
	l->left++;
	f->lines = e->ops->container_logs(e, c->id, &show->log, on_line, f);
	task_on_done(f->lines, lines_done, f);
	if (!show->log.follow || !l->ended)
		return;
	l->left++;
	f->wait = e->ops->container_wait(e, c->id, &f->code);
	task_on_done(f->wait, wait_done, f);
}

struct task *logs_task(struct project *p, const struct container_info *const *containers, size_t n,
		       const struct logs_show *show, logs_ended_fn ended, void *userdata)
{
	struct logs *l = xnew(struct logs);
	bool colour = p->cli->tty_out && !show->no_color && !env_get("NO_COLOR") &&
		      !streq0(p->cli->g.ansi, "never");

	if (streq0(p->cli->g.ansi, "always") && !show->no_color)
		colour = true;
	task_init(&l->task, &logs_ops, p->engine->loop);
	l->project = p;
	l->ended = ended;
	l->userdata = userdata;
	l->mux = logmux_new(STDOUT_FILENO, colour, !show->no_prefix, show->timestamps);
	for (size_t i = 0; i < n; i++)
		follow(l, containers[i], show);
	if (!n)
		task_end(&l->task, 0);
	return &l->task;
}
