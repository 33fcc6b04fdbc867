/* SPDX-License-Identifier: Apache-2.0 */
#include "event/stream.h"

#include "event/loop.h"
#include "event/stream-source.h"
#include "util/buf.h"
#include "util/fd.h"

#include <errno.h>
#include <unistd.h>

#define READ_STEP 65536

struct line_reader {
	int fd;
	sd_event_source *source;
	struct buf pending; /* the start of a line whose end has not come */
	size_t max_line;
	line_fn fn;
	void *userdata;
	bool busy; /* within fn */
	bool dead; /* freed within fn */
};

static bool tell(struct line_reader *r, struct str line, bool whole, bool at_end)
{
	r->busy = true;
	r->fn(r->userdata, line, whole, at_end);
	r->busy = false;
	return !r->dead;
}

static void end_of_input(struct line_reader *r)
{
	source_unrefp(&r->source);
	r->fd = fd_close(r->fd);
	if (r->pending.len && !tell(r, buf_str(&r->pending), true, false))
		return;
	buf_reset(&r->pending);
	tell(r, STR(""), true, true);
}

/* Hands over all lines that are whole, and pieces of one that is too long; keeps the rest. */
static void hand_over(struct line_reader *r)
{
	struct str rest = buf_str(&r->pending), line;
	const char *newline;
	bool alive = true;

	while (alive && rest.n) {
		newline = memchr(rest.p, '\n', rest.n);
		line.p = rest.p;
		line.n = newline ? (size_t)(newline - rest.p) : rest.n;
		if (line.n > r->max_line) {
			line.n = r->max_line;
			newline = NULL;
		} else if (!newline) {
			break;
		}
		alive = tell(r, line, newline, false);
		rest = str_skip(rest, line.n + (newline ? 1 : 0));
	}
	buf_consume(&r->pending, r->pending.len - rest.n);
}

static void read_some(struct line_reader *r)
{
	char *to = buf_reserve(&r->pending, READ_STEP);
	ssize_t n = read(r->fd, to, READ_STEP);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0) {
		buf_added(&r->pending, (size_t)n);
		hand_over(r);
	} else {
		end_of_input(r);
	}
}

static int on_input(void *userdata)
{
	struct line_reader *r = userdata;

	read_some(r);
	if (r->dead) {
		r->dead = false;
		line_reader_free(r);
	}
	return 0;
}

int line_reader_new(sd_event *loop, int fd, size_t max_line, line_fn fn, void *userdata,
		    struct line_reader **ret, struct error *err)
{
	struct line_reader *r = xnew(struct line_reader);
	int e;

	*r = (struct line_reader){ .fd = fd, .max_line = max_line, .fn = fn, .userdata = userdata };
	buf_init(&r->pending, max_line + READ_STEP);
	e = stream_source_new(loop, fd, EPOLLIN, on_input, r, &r->source, err);
	if (e < 0) {
		line_reader_free(r);
		return e;
	}
	*ret = r;
	return 0;
}

struct line_reader *line_reader_free(struct line_reader *r)
{
	if (!r)
		return NULL;
	if (r->busy) {
		r->dead = true;
		return NULL;
	}
	source_unrefp(&r->source);
	fd_close(r->fd);
	buf_done(&r->pending);
	free(r);
	return NULL;
}
