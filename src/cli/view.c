/* SPDX-License-Identifier: Apache-2.0 */
/* A run's events as rows of the progress view. */
#include "cli/view.h"

#include "ui/term.h"
#include "util/time.h"

#include <stdio.h>
#include <unistd.h>

/* What a row of each kind of step is called, while it goes on and when it has ended. */
static const struct words {
	const char *noun, *working, *done;
} words[STEP_KIND_COUNT_] = {
	[STEP_IMAGE_PULL] = { "Image", "Pulling", "Pulled" },
	[STEP_IMAGE_BUILD] = { "Image", "Building", "Built" },
	[STEP_IMAGE_PUSH] = { "Image", "Pushing", "Pushed" },
	[STEP_IMAGE_REMOVE] = { "Image", "Removing", "Removed" },
	[STEP_NETWORK_CREATE] = { "Network", "Creating", "Created" },
	[STEP_NETWORK_REMOVE] = { "Network", "Removing", "Removed" },
	[STEP_VOLUME_CREATE] = { "Volume", "Creating", "Created" },
	[STEP_VOLUME_REMOVE] = { "Volume", "Removing", "Removed" },
	[STEP_CONTAINER_CREATE] = { "Container", "Creating", "Created" },
	[STEP_CONTAINER_RECREATE] = { "Container", "Recreating", "Recreated" },
	[STEP_CONTAINER_START] = { "Container", "Starting", "Started" },
	[STEP_CONTAINER_STOP] = { "Container", "Stopping", "Stopped" },
	[STEP_CONTAINER_RESTART] = { "Container", "Restarting", "Restarted" },
	[STEP_CONTAINER_KILL] = { "Container", "Killing", "Killed" },
	[STEP_CONTAINER_PAUSE] = { "Container", "Pausing", "Paused" },
	[STEP_CONTAINER_UNPAUSE] = { "Container", "Unpausing", "Unpaused" },
	[STEP_CONTAINER_REMOVE] = { "Container", "Removing", "Removed" },
	[STEP_WAIT] = { "Service", "Waiting", "Ready" },
};

static const char *const phase_words[] = {
	[TRANSFER_RESOLVING] = "Resolving",	[TRANSFER_WAITING] = "Waiting",
	[TRANSFER_DOWNLOADING] = "Downloading", [TRANSFER_UNPACKING] = "Extracting",
	[TRANSFER_UPLOADING] = "Pushing",	[TRANSFER_EXISTS] = "Already exists",
	[TRANSFER_MOUNTED] = "Mounted",		[TRANSFER_DONE] = "Complete",
	[TRANSFER_RETRYING] = "Retrying",
};

void view_transfer(struct view *v, const char *row, const struct transfer_progress *t)
{
	bool ended = t->phase == TRANSFER_DONE || t->phase == TRANSFER_EXISTS ||
		     t->phase == TRANSFER_MOUNTED;
	autofree char *status = t->note ? xprintf("%s: %s", phase_words[t->phase], t->note)
					: xstrdup(phase_words[t->phase]);
	autofree char *id = NULL;

	if (!t->digest) {
		if (t->note)
			progress_row(v->progress, row, NULL, ROW_WORKING, status, t->done,
				     t->total);
		return;
	}
	id = xprintf("%.12s", digest_hex(t->digest));
	progress_row(v->progress, id, row, ended ? ROW_DONE : ROW_WORKING, status,
		     t->phase == TRANSFER_DONE ? t->total : t->done, t->total);
}

static void build_line(struct view *v, const char *image, struct str text)
{
	autobuf line = { 0 };

	buf_init(&line, 64 << 10);
	buf_addf(&line, " %s  | ", image);
	if (v->tty)
		text_safe(text, &line);
	else
		buf_addstr(&line, text);
	progress_line(v->progress, line.p);
}

/* A step's output comes in pieces: lines are put together, each under the name of its image. */
static void show_output(struct view *v, const char *image, struct str text)
{
	struct buf *begun = map_get(&v->output, image);
	struct str line;

	if (!begun) {
		begun = xnew(struct buf);
		buf_init(begun, 1 << 20);
		map_set(&v->output, image, begun);
	}
	while (str_cut(text, '\n', &line, &text)) {
		buf_addstr(begun, line);
		build_line(v, image, buf_str(begun));
		buf_reset(begun);
	}
	if (begun->len + line.n > (64 << 10)) {
		build_line(v, image, buf_str(begun));
		buf_reset(begun);
	}
	buf_addstr(begun, line);
}

static void show_build(struct view *v, const char *row, const char *image,
		       const struct build_event *b)
{
	static const enum row_state states[] = {
		[BUILD_STEP_START] = ROW_WORKING, [BUILD_STEP_CACHED] = ROW_DONE,
		[BUILD_STEP_DONE] = ROW_DONE,	  [BUILD_STEP_FAILED] = ROW_FAILED,
		[BUILD_PROGRESS] = ROW_WORKING,
	};
	static const char *const texts[] = {
		[BUILD_STEP_START] = "",    [BUILD_STEP_CACHED] = "CACHED",
		[BUILD_STEP_DONE] = "DONE", [BUILD_STEP_FAILED] = "ERROR",
		[BUILD_PROGRESS] = "",
	};
	autofree char *id = NULL;

	if (b->type == BUILD_OUTPUT) {
		show_output(v, image, b->output);
		return;
	}
	if (b->type == BUILD_NOTE) {
		autofree char *line = xprintf("%s: %s", image, b->text);

		progress_line(v->progress, line);
		return;
	}
	if (b->type == BUILD_WARNING) {
		autofree char *to = b->end > b->line ? xprintf("-%u", b->end) : xstrdup("");
		autofree char *line = xprintf("%s:%u%s: warning: %s",
					      b->file ? b->file : "Dockerfile", b->line, to,
					      b->text);

		progress_line(v->progress, line);
		return;
	}
	id = xprintf("[%s %s%s%u/%u] %s", image, b->stage ? b->stage : "", b->stage ? " " : "",
		     b->step, b->total, b->text ? b->text : "");
	progress_row(v->progress, id, row, states[b->type], texts[b->type], b->done, b->bytes);
}

static const char *ready_word(const char *note)
{
	return streq(note, "healthy")	  ? "Healthy"
	       : streq(note, "completed") ? "Completed"
					  : "Running";
}

void view_event(void *userdata, const struct run_event *ev)
{
	struct view *v = userdata;
	const struct step *s = ev->step;
	const struct words *w = &words[s->kind];
	autofree char *row = xprintf("%s %s", w->noun, s->name);
	enum row_state state = ROW_WORKING;
	const char *status = w->working;

	if (ev->transfer) {
		if (!v->quiet_pull)
			view_transfer(v, row, ev->transfer);
		return;
	}
	if (ev->build) {
		if (!v->quiet_build)
			show_build(v, row, s->name, ev->build);
		return;
	}
	switch (ev->state) {
	case STEP_DONE:
		state = ROW_DONE;
		status = s->kind == STEP_WAIT && ev->note ? ready_word(ev->note) : w->done;
		break;
	case STEP_UNCHANGED:
		state = ROW_DONE;
		status = "Up to date";
		break;
	case STEP_FAILED:
		state = ev->tolerated ? ROW_WARNING : ROW_FAILED;
		status = ev->tolerated ? ev->err->msg : "Error";
		break;
	case STEP_CANCELLED:
		if (!ev->elapsed)
			return;
		state = ROW_WARNING;
		status = "Interrupted";
		break;
	default:
		break;
	}
	progress_row(v->progress, row, NULL, state, status, 0, 0);
}

static void free_output(void *p)
{
	buf_done(p);
	free(p);
}

int view_open(struct cli *cli, const struct show_options *show, struct view *ret, struct error *err)
{
	enum progress_mode mode = PROGRESS_AUTO;
	const char *term = strmap_get(&cli->environ, "TERM");

	*ret = (struct view){ .quiet_build = show->quiet_build, .quiet_pull = show->quiet_pull };
	progress_mode_parse(cli->g.progress, &mode);
	if (show->quiet)
		mode = PROGRESS_QUIET;
	if (mode == PROGRESS_AUTO)
		mode = cli->tty_err && !streq(cli->g.ansi, "never") && !streq0(term, "dumb")
			       ? PROGRESS_TTY
			       : PROGRESS_PLAIN;
	ret->tty = mode == PROGRESS_TTY;
	map_init(&ret->output, free_output);
	return progress_new(cli->loop, STDERR_FILENO, mode, cli->colour,
			    show->title ? show->title : "Running", &ret->progress, err);
}

void view_close(struct view *v)
{
	map_foreach (e, &v->output) {
		struct buf *begun = e->value;

		if (begun->len)
			build_line(v, e->key, buf_str(begun));
	}
	v->progress = progress_free(v->progress);
	map_done(&v->output);
}
