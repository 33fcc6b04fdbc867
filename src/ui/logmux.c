/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/logmux.h"

#include "ui/term.h"
#include "util/io.h"
#include "util/map.h"
#include "util/time.h"

#include <unistd.h>

struct source {
	unsigned number;
	struct buf begun;
	int64_t time; /* of what has begun */ /* of a line that is not whole yet */
};

struct logmux {
	int fd;
	bool colour, prefix, timestamps;
	bool terminal; /* what containers write is made harmless */
	size_t width;
	struct map sources;
};

#define LIMIT_LINE (1 << 20) /* a longer one is printed in pieces */

static void source_free(void *p)
{
	struct source *s = p;

	buf_done(&s->begun);
	free(s);
}

struct logmux *logmux_new(int fd, bool colour, bool prefix, bool timestamps)
{
	struct logmux *m = xnew(struct logmux);

	m->fd = fd;
	m->terminal = isatty(fd);
	m->colour = colour;
	m->prefix = prefix;
	m->timestamps = timestamps;
	map_init(&m->sources, source_free);
	return m;
}

static struct source *source_of(struct logmux *m, const char *name)
{
	struct source *s = map_get(&m->sources, name);

	if (!s) {
		s = xnew(struct source);
		s->number = m->sources.n;
		buf_init(&s->begun, 2 * LIMIT_LINE);
		map_set(&m->sources, name, s);
		m->width = MAX(m->width, text_width(str_of(name)));
	}
	return s;
}

void logmux_name(struct logmux *m, const char *name)
{
	source_of(m, name);
}

static void add_prefix(const struct logmux *m, const struct source *s, const char *name,
		       int64_t time, struct buf *out)
{
	char text[TIME_TEXT_MAX];

	if (m->prefix) {
		if (m->colour)
			buf_adds(out, term_colour(s->number));
		buf_adds(out, name);
		buf_addn(out, ' ', m->width - text_width(str_of(name)));
		buf_adds(out, "  | ");
		if (m->colour)
			buf_adds(out, TERM_RESET);
	}
	if (m->timestamps)
		buf_addf(out, "%s ", time_format(time, text));
}

void logmux_line(struct logmux *m, const char *name, int64_t time, struct str text, bool partial)
{
	struct source *s = source_of(m, name);
	autobuf out = { 0 };

	buf_addstr(&s->begun, text);
	s->time = time;
	if (partial && s->begun.len < LIMIT_LINE)
		return;
	buf_init(&out, BUF_MAX_ANY);
	add_prefix(m, s, name, time, &out);
	if (m->terminal)
		text_safe(buf_str(&s->begun), &out);
	else
		buf_addstr(&out, buf_str(&s->begun));
	buf_addc(&out, '\n');
	buf_reset(&s->begun);
	io_write_all(m->fd, out.p, out.len, NULL);
}

void logmux_end(struct logmux *m, const char *name)
{
	struct source *s = map_get(&m->sources, name);

	if (s && s->begun.len)
		logmux_line(m, name, s->time, str_of(""), false);
}

struct logmux *logmux_free(struct logmux *m)
{
	if (!m)
		return NULL;
	map_done(&m->sources);
	free(m);
	return NULL;
}
