/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/progress.h"

#include "event/loop.h"
#include "ui/term.h"
#include "util/io.h"
#include "util/json.h"
#include "util/map.h"
#include "util/num.h"
#include "util/time.h"
#include "util/vec.h"

#include <unistd.h>

#define FRAME \
	(100 * NSEC_PER_MSEC) /* between two drawings, and two JSON lines of one row's bytes */

struct row {
	char *id, *status;
	struct row *parent;
	bool children; /* it is somebody's parent */
	enum row_state state;
	uint64_t done, total;
	int64_t began, ended;
	int64_t told; /* when its newest JSON line was written */
};

struct progress {
	sd_event *loop;
	int fd;
	enum progress_mode mode;
	bool colour;
	char *title;
	struct map rows; /* id -> struct row, in order */
	unsigned drawn;	 /* lines of the block that stand on the terminal */
	unsigned frame;
	int64_t began;
	sd_event_source *tick;
};

int progress_mode_parse(const char *s, enum progress_mode *ret)
{
	static const struct {
		const char *word;
		enum progress_mode mode;
	} words[] = { { "", PROGRESS_AUTO },	  { "auto", PROGRESS_AUTO },
		      { "tty", PROGRESS_TTY },	  { "plain", PROGRESS_PLAIN },
		      { "json", PROGRESS_JSON },  { "rawjson", PROGRESS_JSON },
		      { "quiet", PROGRESS_QUIET } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (streq(s, words[i].word)) {
			*ret = words[i].mode;
			return 0;
		}
	return -ERR_INVALID;
}

static void row_free(void *p)
{
	struct row *r = p;

	free(r->id);
	free(r->status);
	free(r);
}

static const struct {
	const char *mark, *colour, *name;
} looks[] = {
	[ROW_WAITING] = { "·", "\033[2m", "waiting" },
	[ROW_WORKING] = { "", "\033[34m", "working" },
	[ROW_DONE] = { "✔", "\033[32m", "done" },
	[ROW_WARNING] = { "!", "\033[33m", "warning" },
	[ROW_FAILED] = { "✘", "\033[31m", "error" },
};
static const char *const spinner[] = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" };

static void add_bytes(const struct row *r, struct buf *out)
{
	char done[NUM_SIZE_MAX], total[NUM_SIZE_MAX];

	if (!r->total)
		return;
	if (r->done < r->total)
		buf_addf(out, " %s/%s", num_format_size(r->done, done),
			 num_format_size(r->total, total));
	else
		buf_addf(out, " %s", num_format_size(r->total, total));
}

static void draw_row(const struct progress *p, const struct row *r, size_t id_width,
		     unsigned columns, struct buf *out)
{
	const char *mark = r->state == ROW_WORKING ? spinner[p->frame % ARRAY_SIZE(spinner)]
						   : looks[r->state].mark;
	int64_t until = r->ended ? r->ended : time_monotonic();
	size_t indent = r->parent ? 3 : 1, id_columns = text_width(str_of(r->id));
	autobuf text = { 0 }, time = { 0 };

	buf_init(&text, 4096);
	buf_init(&time, 64);
	buf_addf(&text, "%s", r->id);
	buf_addn(&text, ' ', id_width > id_columns + indent ? id_width - id_columns - indent : 0);
	buf_addf(&text, "  %s", r->status);
	add_bytes(r, &text);
	if (r->state != ROW_WAITING)
		buf_addf(&time, "%.1fs", (until - r->began) / 1e9);
	buf_addn(out, ' ', indent);
	if (p->colour)
		buf_adds(out, looks[r->state].colour);
	buf_adds(out, mark);
	if (p->colour)
		buf_adds(out, TERM_RESET);
	buf_addc(out, ' ');
	size_t room = columns > indent + 3 + time.len + 1 ? columns - indent - 3 - time.len - 1
							  : 10;
	size_t before = out->len;

	text_fit(buf_str(&text), room, out);
	buf_addn(out, ' ',
		 room - MIN(room, text_width((struct str){ out->p + before, out->len - before })));
	buf_addf(out, " %s\033[K\n", time.p);
}

/* Children that are done give way first, then the oldest rows, so that the block fits on the
 * screen. */
static bool hidden(const struct row *r, size_t n_rows, unsigned rows)
{
	return n_rows + 2 > rows &&
	       (r->parent ? r->state == ROW_DONE : r->state == ROW_DONE && n_rows > 2 * rows);
}

static void erase(struct progress *p, struct buf *out)
{
	if (p->drawn)
		buf_addf(out, "\033[%uA\r\033[J", p->drawn);
	p->drawn = 0;
}

/* Its own row, then those that stand under it. */
static void draw_family(struct progress *p, const struct row *r, size_t width, unsigned columns,
			unsigned rows, unsigned *shown, struct buf *out)
{
	if (*shown + 2 >= rows || hidden(r, p->rows.n, rows))
		return;
	draw_row(p, r, width, columns, out);
	++*shown;
	map_foreach (e, &p->rows) {
		const struct row *child = e->value;

		if (r->children && child->parent == r)
			draw_family(p, child, width, columns, rows, shown, out);
	}
}

static void draw(struct progress *p, struct buf *out)
{
	unsigned columns, rows, done = 0, shown = 0;
	size_t width = 0;

	if (!p->rows.n)
		return;
	term_size(p->fd, &columns, &rows);
	map_foreach (e, &p->rows) {
		const struct row *r = e->value;

		width = MAX(width, text_width(str_of(r->id)) + (r->parent ? 3 : 1));
		done += r->state == ROW_DONE || r->state == ROW_WARNING;
	}
	/* One long name doesn't push what is said of the others off the screen. */
	width = MIN(width, columns / 2);
	buf_addf(out, "[+] %s %u/%zu\033[K\n", p->title, done, p->rows.n);
	map_foreach (e, &p->rows) {
		const struct row *r = e->value;

		if (!r->parent)
			draw_family(p, r, width, columns, rows, &shown, out);
	}
	p->drawn = shown + 1;
}

static void redraw(struct progress *p, const char *line)
{
	autobuf out = { 0 };

	buf_init(&out, BUF_MAX_ANY);
	buf_adds(&out, "\033[?2026h"); /* at once, where the terminal knows how */
	erase(p, &out);
	if (line)
		buf_addf(&out, "%s\n", line);
	draw(p, &out);
	buf_adds(&out, "\033[?2026l");
	io_write_all(p->fd, out.p, out.len, NULL);
}

static void on_tick(void *userdata)
{
	struct progress *p = userdata;

	source_unrefp(&p->tick);
	p->frame++;
	redraw(p, NULL);
	loop_after(p->loop, FRAME, on_tick, p, &p->tick, NULL);
}

int progress_new(sd_event *loop, int fd, enum progress_mode mode, bool colour, const char *title,
		 struct progress **ret, struct error *err)
{
	struct progress *p = xnew(struct progress);
	int r = 0;

	if (mode == PROGRESS_AUTO)
		mode = isatty(fd) ? PROGRESS_TTY : PROGRESS_PLAIN;
	p->loop = sd_event_ref(loop);
	p->fd = fd;
	p->mode = mode;
	p->colour = colour;
	p->title = xstrdup(title);
	p->began = time_monotonic();
	map_init(&p->rows, row_free);
	if (mode == PROGRESS_TTY)
		r = loop_after(loop, FRAME, on_tick, p, &p->tick, err);
	if (r < 0)
		progress_free(p);
	else
		*ret = p;
	return r;
}

static void plain_line(struct progress *p, const struct row *r)
{
	autobuf out = { 0 };

	buf_init(&out, 4096);
	buf_addf(&out, *r->status ? " %s  %s" : " %s", r->id, r->status);
	add_bytes(r, &out);
	if (r->ended && r->ended - r->began > 50 * NSEC_PER_MSEC)
		buf_addf(&out, "  %.1fs", (r->ended - r->began) / 1e9);
	buf_addc(&out, '\n');
	io_write_all(p->fd, out.p, out.len, NULL);
}

static void json_text_member(json_t *j, const char *key, const char *text)
{
	autobuf valid = { 0 };

	buf_init(&valid, BUF_MAX_ANY);
	text_utf8(str_of(text), &valid);
	json_object_set_new(j, key, json_stringn(valid.p, valid.len));
}

static void json_write(struct progress *p, const json_t *j)
{
	autofree char *text = json_text(j);
	autobuf out = { 0 };

	buf_init(&out, BUF_MAX_ANY);
	buf_addf(&out, "%s\n", text);
	io_write_all(p->fd, out.p, out.len, NULL);
}

static void json_line(struct progress *p, struct row *r)
{
	autojson *j = json_object();

	r->told = time_monotonic();
	json_text_member(j, "id", r->id);
	json_text_member(j, "status", looks[r->state].name);
	json_text_member(j, "text", r->status);
	if (r->parent)
		json_text_member(j, "parent_id", r->parent->id);
	if (r->total) {
		json_object_set_new(j, "current", json_integer(r->done));
		json_object_set_new(j, "total", json_integer(r->total));
	}
	json_write(p, j);
}

/* What is said of a row may be a peer's words, or a file name out of an archive. */
static char *shown(const struct progress *p, const char *text)
{
	autobuf safe = { 0 };

	buf_init(&safe, BUF_MAX_ANY);
	if (p->mode == PROGRESS_TTY)
		text_safe(str_of(text), &safe);
	else if (p->mode == PROGRESS_PLAIN)
		text_safe_lines(str_of(text), &safe);
	else
		buf_adds(&safe, text);
	return buf_steal(&safe);
}

void progress_row(struct progress *p, const char *id, const char *parent, enum row_state state,
		  const char *status, uint64_t done, uint64_t total)
{
	struct row *r = map_get(&p->rows, id);
	autofree char *text = shown(p, status);
	bool changed = !r || r->state != state || !streq(r->status, text);

	if (!r) {
		r = xnew(struct row);
		r->id = shown(p, id);
		r->status = xstrdup("");
		r->began = time_monotonic();
		r->parent = parent ? map_get(&p->rows, parent) : NULL;
		if (r->parent)
			r->parent->children = true;
		map_set(&p->rows, id, r);
	}
	if (r->state == ROW_WAITING && state != ROW_WAITING)
		r->began = time_monotonic();
	r->state = state;
	r->done = done;
	r->total = total;
	r->ended = state >= ROW_DONE ? time_monotonic() : 0;
	free(r->status);
	r->status = TAKE_PTR(text);
	if (changed && p->mode == PROGRESS_PLAIN && state != ROW_WAITING)
		plain_line(p, r);
	else if (p->mode == PROGRESS_JSON && (changed || time_monotonic() - r->told >= FRAME))
		json_line(p, r);
}

void progress_line(struct progress *p, const char *text)
{
	autofree char *line = NULL;
	autojson *j = NULL;

	switch (p->mode) {
	case PROGRESS_TTY:
		redraw(p, text);
		break;
	case PROGRESS_JSON:
		j = json_object();
		json_text_member(j, "line", text);
		json_write(p, j);
		break;
	case PROGRESS_PLAIN:
		line = xprintf("%s\n", text);
		io_write_all(p->fd, line, strlen(line), NULL);
		break;
	default:
		break;
	}
}

struct progress *progress_free(struct progress *p)
{
	if (!p)
		return NULL;
	if (p->mode == PROGRESS_TTY)
		redraw(p, NULL);
	source_unrefp(&p->tick);
	sd_event_unref(p->loop);
	map_done(&p->rows);
	free(p->title);
	free(p);
	return NULL;
}
