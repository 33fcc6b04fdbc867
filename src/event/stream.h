/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines in and bytes out on non-blocking descriptors, in the loop. A line longer than its limit is handed over in
 * pieces (whole is false for all but the last).
 */
#ifndef EVENT_STREAM_H
#define EVENT_STREAM_H

#include "util/error.h"
#include "util/str.h"

#include <systemd/sd-event.h>

struct line_reader;
/* line.p is valid during the call only; no newline in it. At the end, or on an error, once with at_end (and an empty
 * line: a last line that lacks its newline has come before). */
typedef void (*line_fn)(void *userdata, struct str line, bool whole, bool at_end);
/* Takes fd (closes it on failure too), makes it non-blocking. A regular file will do. */
int line_reader_new(sd_event *loop, int fd, size_t max_line, line_fn fn, void *userdata,
		    struct line_reader **ret, struct error *err);
struct line_reader *line_reader_free(struct line_reader *r); /* safe from within fn */

struct writer;
typedef void (*writer_done_fn)(void *userdata, int r); /* once: all written, or -err */
/* Takes fd (closes it on failure too), makes it non-blocking. Queues at most max bytes. */
int writer_new(sd_event *loop, int fd, size_t max, struct writer **ret, struct error *err);
/* -ERR_LIMIT: no room, and nothing of it was taken; -ERR_NETWORK: the other end is gone; -ERR_SYS, -ERR_NO_SPACE. */
int writer_add(struct writer *w, const void *p, size_t n, struct error *err);
/* No more is coming: closes fd when all is written, then calls done. */
void writer_end(struct writer *w, writer_done_fn done, void *userdata);
struct writer *writer_free(struct writer *w); /* drops what is queued; safe from within done */

DEFINE_FREEP(struct line_reader, line_reader_free);
DEFINE_FREEP(struct writer, writer_free);

#endif
