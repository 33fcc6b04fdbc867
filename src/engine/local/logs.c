/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/local.h"
#include "engine/local/logfile.h"
#include "engine/local/logread.h"
#include "util/fd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK (256 << 10) /* read at a time: other work goes on in between */

/*
 * The files from the oldest to the newest are one stream. We hold the one that we read; when it is
 * read and is not the newest any more, the next is the one before it in the numbering, wherever
 * rotation has moved it by now.
 */
struct logs {
	struct task task;
	struct local *l;
	struct log_options opt;
	log_line_fn fn;
	void *userdata;
	char *path;
	int fd;
	struct buf in, text;
	sd_event_source *turn;
	struct watch_handle *changed;
	struct life *life;
	bool last_turn; /* the container has ended: what is there now is all */
};

static void stop_watching(struct logs *g)
{
	g->life = life_free(g->life);
	g->turn = sd_event_source_disable_unref(g->turn);
	g->changed = watch_remove(g->changed);
	g->fd = fd_close(g->fd);
}

static void logs_free(struct task *t)
{
	struct logs *g = container_of(t, struct logs, task);

	stop_watching(g);
	buf_done(&g->in);
	buf_done(&g->text);
	free(g->path);
	free(g);
}

static void end(struct logs *g, int r, const struct error *err)
{
	stop_watching(g);
	task_end_with(&g->task, r, err);
}

static void logs_cancel(struct task *t)
{
	struct error err = ERROR_INIT;

	end(container_of(t, struct logs, task), error_set(&err, ERR_CANCELLED, "cancelled"), &err);
}

static const struct task_ops logs_ops = { "logs", logs_cancel, logs_free };

static char *path_of(const struct logs *g, unsigned i)
{
	return i ? xprintf("%s.%u", g->path, i) : xstrdup(g->path);
}

static int open_file(struct logs *g, unsigned i)
{
	autofree char *path = path_of(g, i);

	fd_close(g->fd);
	g->fd = open(path, O_RDONLY | O_CLOEXEC);
	return g->fd;
}

static unsigned count_files(const struct logs *g)
{
	unsigned n = 0;

	for (; n < LOG_FILES_MAX; n++) {
		autofree char *path = path_of(g, n);

		if (access(path, F_OK) < 0)
			break;
	}
	return n;
}

/* Where the last `want` lines of this file begin; *want is what it lacks of them. */
static off_t tail_of(int fd, int64_t *want)
{
	off_t at = lseek(fd, 0, SEEK_END);
	char block[64 << 10];
	bool first = true;

	while (at > 0) {
		size_t n = MIN((off_t)sizeof(block), at);

		if (pread(fd, block, n, at - (off_t)n) != (ssize_t)n)
			return 0;
		for (size_t i = n; i-- > 0;) {
			if (block[i] != '\n')
				continue;
			if (!first && --*want == 0)
				return at - (off_t)n + (off_t)i + 1;
			first = false;
		}
		at -= (off_t)n;
	}
	if (!first)
		--*want;
	return 0;
}

static void seek_start(struct logs *g)
{
	unsigned n = count_files(g), i;
	int64_t want = g->opt.tail;
	off_t at = 0;

	if (want == 0) {
		if (open_file(g, 0) >= 0)
			lseek(g->fd, 0, SEEK_END);
		return;
	}
	if (want < 0) {
		open_file(g, n ? n - 1 : 0);
		return;
	}
	for (i = 0; i < n; i++) {
		if (open_file(g, i) < 0)
			return;
		at = tail_of(g->fd, &want);
		if (want <= 0)
			break;
	}
	if (g->fd >= 0)
		lseek(g->fd, at, SEEK_SET);
}

static void entry(struct logs *g, struct str line)
{
	struct log_line l;

	if (log_decode(line, &g->text, &l) < 0)
		return; /* cut by a full disk or a kill */
	if (l.time < g->opt.since || (g->opt.until && l.time > g->opt.until))
		return;
	g->fn(g->userdata, &l);
}

static void entries(struct logs *g)
{
	char *p = g->in.p, *end = g->in.p + g->in.len, *nl;

	while (!g->task.ended && (nl = memchr(p, '\n', (size_t)(end - p)))) {
		entry(g, (struct str){ p, (size_t)(nl - p) });
		p = nl + 1;
	}
	if (!g->task.ended)
		buf_consume(&g->in, (size_t)(p - g->in.p));
}

/* After the end of a file that rotation has put aside: the next newer one. False: this is the
 * newest. */
static bool next_file(struct logs *g)
{
	struct stat own, st;

	if (g->fd < 0)
		return open_file(g, 0) >= 0;
	if (fstat(g->fd, &own) < 0)
		return false;
	for (unsigned i = 0; i < LOG_FILES_MAX; i++) {
		autofree char *path = path_of(g, i);

		if (stat(path, &st) < 0) /* older than all that are left */
			return i && open_file(g, i - 1) >= 0;
		if (st.st_ino == own.st_ino && st.st_dev == own.st_dev)
			return i && open_file(g, i - 1) >= 0;
	}
	return false;
}

/* 1: there may be more, 0: not now. */
static int read_more(struct logs *g, struct error *err)
{
	char *room = buf_reserve(&g->in, CHUNK);
	ssize_t n = g->fd >= 0 && room ? read(g->fd, room, CHUNK) : 0;

	if (n < 0)
		return error_sys(err, "%s", g->path);
	if (n > 0) {
		buf_added(&g->in, (size_t)n);
		return 1;
	}
	if (!next_file(g))
		return 0;
	buf_reset(&g->in); /* what was cut stays cut */
	return 1;
}

static int on_turn(sd_event_source *s, void *userdata)
{
	struct logs *g = userdata;
	struct error err = ERROR_INIT;
	bool last = g->last_turn;
	int r = read_more(g, &err);

	if (r < 0) {
		end(g, r, &err);
		return 0;
	}
	task_ref(&g->task); /* fn may cancel us */
	entries(g);
	if (!g->task.ended && r == 0) {
		if (!g->opt.follow || last)
			end(g, 0, NULL);
		else
			sd_event_source_set_enabled(s, SD_EVENT_OFF);
	}
	task_unref(&g->task);
	return 0;
}

static void on_changed(void *userdata)
{
	struct logs *g = userdata;

	if (g->turn)
		sd_event_source_set_enabled(g->turn, SD_EVENT_ON);
}

static void on_ended(void *userdata)
{
	struct logs *g = userdata;

	g->life = life_free(g->life);
	g->last_turn = true;
	sd_event_source_set_enabled(g->turn, SD_EVENT_ON);
}

static int follow(struct logs *g, const char *id, const char *dir, struct error *err)
{
	int r = watch_dir(g->l, dir, on_changed, g, &g->changed, err);

	return r < 0 ? r : life_new(g->l, id, on_ended, g, &g->life, err);
}

static int begin(struct logs *g, const char *id, struct error *err)
{
	autofree char *dir = NULL;
	autorecord rec = { 0 };
	int r = record_get(store_db(g->l->store), id, &rec, err);

	if (r < 0)
		return r;
	if (rec.spec.log_driver && streq(rec.spec.log_driver, "none"))
		return error_set(err, ERR_UNSUPPORTED,
				 "container %s keeps no log: its logging driver is none",
				 rec.spec.name);
	dir = container_state_dir(g->l, rec.id);
	g->path = xprintf("%s/log", dir);
	if (g->opt.follow)
		r = follow(g, rec.id, dir, err);
	if (r < 0)
		return r;
	seek_start(g);
	r = sd_event_add_defer(g->task.loop, &g->turn, on_turn, g);
	if (r >= 0)
		r = sd_event_source_set_enabled(g->turn, SD_EVENT_ON);
	return r < 0 ? error_sys_from(err, -r, "event loop") : 0;
}

struct task *local_container_logs(struct engine *e, const char *id, const struct log_options *opt,
				  log_line_fn fn, void *userdata)
{
	struct logs *g = xnew(struct logs);
	struct error err = ERROR_INIT;

	task_init(&g->task, &logs_ops, e->loop);
	g->l = local_of(e);
	g->opt = *opt;
	g->fn = fn;
	g->userdata = userdata;
	g->fd = -1;
	buf_init(&g->in, LOG_ENTRY_MAX + CHUNK);
	buf_init(&g->text, LOG_ENTRY_MAX);
	if (begin(g, id, &err) < 0)
		end(g, -(int)err.code, &err);
	return &g->task;
}
