/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/logfile.h"

#include "util/fd.h"
#include "util/io.h"
#include "util/time.h"
#include "util/utf8.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int logfile_open(struct logfile *l, const char *path, uint64_t max_size, unsigned max_files,
		 struct error *err)
{
	struct stat st;

	*l = (struct logfile){ .fd = -1, .max_size = max_size, .max_files = MAX(max_files, 1u) };
	buf_init(&l->out, BUF_MAX_ANY);
	for (int i = 0; i < 2; i++)
		buf_init(&l->part[i], LOG_LINE_MAX);
	if (!path)
		return 0;
	l->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (l->fd < 0 || fstat(l->fd, &st) < 0)
		return error_sys(err, "log %s", path);
	l->path = xstrdup(path);
	l->size = (uint64_t)st.st_size;
	return 0;
}

static void encode_char(struct buf *out, unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		buf_addc(out, '\\');
		buf_addc(out, (char)c);
		break;
	case '\n':
		buf_adds(out, "\\n");
		break;
	case '\r':
		buf_adds(out, "\\r");
		break;
	case '\t':
		buf_adds(out, "\\t");
		break;
	default:
		buf_addf(out, "\\u%04x", c);
	}
}

/* What may stand in a JSON string as it is: most of all output. */
static size_t plain_run(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && (unsigned char)p[i] >= 0x20 && (unsigned char)p[i] < 0x7f && p[i] != '"' &&
	       p[i] != '\\')
		i++;
	return i;
}

static void encode_text(struct buf *out, const char *p, size_t n)
{
	while (n) {
		size_t run = plain_run(p, n);
		size_t len;

		buf_add(out, p, run);
		p += run;
		n -= run;
		if (!n)
			break;
		utf8_decode((struct str){ p, n }, &len);
		if (len > 1)
			buf_add(out, p, len);
		else if ((unsigned char)*p < 0x80)
			encode_char(out, (unsigned char)*p);
		else
			buf_adds(out, "\xef\xbf\xbd"); /* U+FFFD, as docker does it */
		p += len;
		n -= len;
	}
}

void log_encode(struct buf *out, bool is_stderr, const char *p, size_t n, bool newline, int64_t now)
{
	time_t s = (time_t)(now / NSEC_PER_SEC);
	struct tm tm;

	buf_adds(out, "{\"log\":\"");
	encode_text(out, p, n);
	gmtime_r(&s, &tm);
	buf_addf(out, "%s\",\"stream\":\"%s\",\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%09dZ\"}\n",
		 newline ? "\\n" : "", is_stderr ? "stderr" : "stdout", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (int)(now % NSEC_PER_SEC));
}

static void rotate(struct logfile *l)
{
	autofree char *first = xprintf("%s.1", l->path);

	for (unsigned i = l->max_files - 1; i > 1; i--) {
		autofree char *to = xprintf("%s.%u", l->path, i);
		autofree char *from = xprintf("%s.%u", l->path, i - 1);

		rename(from, to); /* the older ones may not be there yet */
	}
	l->fd = fd_close(l->fd);
	if (l->max_files > 1)
		rename(l->path, first);
	else
		unlink(l->path);
	l->fd = open(l->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	l->size = 0;
}

static void write_out(struct logfile *l, size_t n)
{
	if (l->fd >= 0 && n && io_write_all(l->fd, l->out.p, n, NULL) == 0)
		l->size += n;
	buf_consume(&l->out, n);
}

/* A file is at most max_size long, but for a single entry that is larger. */
static void entry(struct logfile *l, bool is_stderr, const char *p, size_t n, bool newline,
		  int64_t now)
{
	size_t before = l->out.len;

	log_encode(&l->out, is_stderr, p, n, newline, now);
	if (!l->max_size || l->size + l->out.len <= l->max_size || !(l->size + before))
		return;
	write_out(l, before);
	rotate(l);
}

static void add_piece(struct logfile *l, bool is_stderr, struct str s, bool newline, int64_t now)
{
	struct buf *part = &l->part[is_stderr];

	if (!part->len && newline) {
		entry(l, is_stderr, s.p, s.n, true, now);
		return;
	}
	buf_add(part, s.p, s.n);
	if (newline || part->len == LOG_LINE_MAX) {
		entry(l, is_stderr, part->p, part->len, newline, now);
		buf_reset(part);
	}
}

void logfile_add(struct logfile *l, bool is_stderr, const char *p, size_t n, int64_t now)
{
	if (!l->path)
		return;
	while (n) {
		size_t room = LOG_LINE_MAX - l->part[is_stderr].len;
		const char *nl = memchr(p, '\n', MIN(n, room + 1));
		size_t take = nl ? (size_t)(nl - p) : MIN(n, room);

		add_piece(l, is_stderr, (struct str){ p, take }, nl, now);
		take += nl ? 1 : 0;
		p += take;
		n -= take;
	}
	write_out(l, l->out.len);
}

void logfile_close(struct logfile *l, int64_t now)
{
	for (int i = 0; i < 2; i++) {
		struct buf *part = &l->part[i];

		if (part->len)
			entry(l, i, part->p, part->len, false, now);
		buf_done(part);
	}
	write_out(l, l->out.len);
	l->fd = fd_close(l->fd);
	free(l->path);
	l->path = NULL;
	buf_done(&l->out);
}
