/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/logs.h"

#include "ui/logmux.h"
#include "util/env.h"

#include <unistd.h>

struct followed {
	struct logs *logs;
	char *id, *name;
	struct task *lines;
	int64_t last; /* time of the newest line that was shown */
	bool alive;   /* runs, or comes back */
	bool again;   /* has a new life since `lines` began */
	bool ended, restarting;
	int exit_code; /* ended: still to be told, after the last line */
};

struct logs {
	struct task task;
	struct project *project;
	struct logs_show show;
	struct logs_of of;
	struct logmux *mux;
	struct task *watch, *list;
	container_vec now;
	VEC(struct followed *) followed;
	struct error err;
};

static void logs_cancel(struct task *t)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERR_CANCELLED, "interrupted");
	if (!t->ended)
		task_fail(t, &err);
}

static void logs_free(struct task *t)
{
	struct logs *l = container_of(t, struct logs, task);

	task_unref(l->watch);
	task_unref(l->list);
	vec_foreach (f, &l->followed) {
		task_unref((*f)->lines);
		free((*f)->id);
		free((*f)->name);
		free(*f);
	}
	vec_done(&l->followed);
	container_vec_done(&l->now);
	logmux_free(l->mux);
	free(l);
}

static const struct task_ops logs_ops = { "logs", logs_cancel, logs_free };

static void settle(struct logs *l)
{
	if (l->list || l->task.ended)
		return;
	vec_foreach (f, &l->followed)
		if ((*f)->lines || (*f)->alive)
			return;
	task_end_with(&l->task, l->err.code ? -(int)l->err.code : 0, &l->err);
}

static void on_line(void *userdata, const struct log_line *line)
{
	struct followed *f = userdata;

	f->last = line->time;
	logmux_line(f->logs->mux, f->name, line->time, line->text, line->partial);
}

static void tell_end(struct followed *f)
{
	const struct logs_of *of = &f->logs->of;

	if (f->ended && of->ended)
		of->ended(of->userdata, f->name, f->exit_code, f->restarting);
	f->ended = false;
}

static void read_lines(struct followed *f);

static void lines_done(struct task *t, int r, void *userdata)
{
	struct followed *f = userdata;
	struct logs *l = f->logs;

	if (r < 0 && r != -ERR_CANCELLED && !l->err.code)
		l->err = t->err;
	f->lines = task_unref(f->lines);
	if (l->task.ended)
		return;
	logmux_end(l->mux, f->name);
	tell_end(f);
	if (f->again && r >= 0)
		read_lines(f);
	settle(l);
}

/* From the beginning, or, of a later life, from where we are. */
static void read_lines(struct followed *f)
{
	struct engine *e = f->logs->project->engine;
	struct log_options opt = f->logs->show.log;

	if (f->last) {
		opt.since = f->last + 1;
		opt.tail = -1;
	}
	f->again = false;
	f->lines = e->ops->container_logs(e, f->id, &opt, on_line, f);
	task_on_done(f->lines, lines_done, f);
}

static struct followed *find(struct logs *l, const char *id)
{
	vec_foreach (f, &l->followed)
		if (streq((*f)->id, id))
			return *f;
	return NULL;
}

static struct followed *add(struct logs *l, const struct container_info *c)
{
	struct followed *f = xnew(struct followed);

	f->logs = l;
	f->id = xstrdup(c->id);
	f->name = xstrdup(container_short_name(l->project, c));
	*vec_add(&l->followed) = f;
	logmux_name(l->mux, f->name);
	return f;
}

static void on_started(struct logs *l, const struct container_info *c)
{
	struct followed *f = find(l, c->id);

	f = f ? f : add(l, c);
	tell_end(f);
	f->alive = true;
	f->again = f->lines;
	if (!f->lines)
		read_lines(f);
}

static void on_died(struct followed *f, const struct container_info *c)
{
	f->ended = true;
	f->exit_code = c->exit_code;
	f->restarting = f->alive = c->comes_back;
	if (!f->lines)
		tell_end(f);
}

static void on_event(void *userdata, const struct engine_event *ev)
{
	struct logs *l = userdata;
	struct followed *f = find(l, ev->container->id);

	if (l->task.ended)
		return;
	switch (ev->type) {
	case EVENT_STARTED:
		if (l->of.wanted(l->of.userdata, ev->container))
			on_started(l, ev->container);
		break;
	case EVENT_DIED:
		if (f)
			on_died(f, ev->container);
		break;
	case EVENT_STOPPED:
	case EVENT_REMOVED:
		if (f)
			f->alive = false;
		break;
	default:
		return;
	}
	settle(l);
}

static bool alive(const struct container_info *c)
{
	return c->comes_back || c->state == CONTAINER_RUNNING || c->state == CONTAINER_PAUSED;
}

static void on_list(struct task *t, int r, void *userdata)
{
	struct logs *l = userdata;

	if (r < 0)
		l->err = t->err;
	l->list = task_unref(l->list);
	if (l->task.ended)
		return;
	vec_foreach (c, &l->now) {
		struct followed *f;

		if (find(l, c->id) || !l->of.wanted(l->of.userdata, c))
			continue;
		f = add(l, c);
		f->alive = l->watch && alive(c);
		f->ended = c->state == CONTAINER_EXITED;
		f->exit_code = c->exit_code;
	}
	/* All names first: they are aligned. */
	vec_foreach (f, &l->followed)
		if (!(*f)->lines)
			read_lines(*f);
	settle(l);
}

static void on_watch_end(struct task *t, int r, void *userdata)
{
	struct logs *l = userdata;

	if (!l->task.ended)
		task_end_with(&l->task, r, &t->err);
}

struct task *logs_task(struct project *p, const struct logs_show *show, const struct logs_of *of)
{
	struct logs *l = xnew(struct logs);
	struct engine *e = p->engine;
	autostrv labels = { 0 };
	bool colour = p->cli->tty_out && !show->no_color && !env_get("NO_COLOR") &&
		      !streq0(p->cli->g.ansi, "never");

	if (streq0(p->cli->g.ansi, "always") && !show->no_color)
		colour = true;
	task_init(&l->task, &logs_ops, e->loop);
	l->project = p;
	l->show = *show;
	l->of = *of;
	l->mux = logmux_new(STDOUT_FILENO, colour, !show->no_prefix, show->timestamps);
	strv_pushf(&labels, "%s=%s", LABEL_PROJECT, p->name);
	/* Watched before they are listed: nothing can happen in between. */
	if (show->log.follow) {
		l->watch = e->ops->watch(e, &labels, on_event, l);
		task_on_done(l->watch, on_watch_end, l);
	}
	l->list = e->ops->container_list(e, &labels, &l->now);
	task_on_done(l->list, on_list, l);
	return &l->task;
}
