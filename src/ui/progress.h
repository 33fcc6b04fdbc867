/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The view of work that is under way: on a terminal, a block of lines that is drawn again as it changes (what is done, what goes on with
 * its bytes and seconds); elsewhere a line per change; or JSON lines; or nothing. Rows are made when first named and keep
 * their order. Lines of talk may be printed above the block at any time.
 */
#ifndef UI_PROGRESS_H
#define UI_PROGRESS_H

#include "util/error.h"

#include <systemd/sd-event.h>

enum progress_mode { PROGRESS_AUTO, PROGRESS_TTY, PROGRESS_PLAIN, PROGRESS_JSON, PROGRESS_QUIET };
int progress_mode_parse(const char *s, enum progress_mode *ret); /* "", "auto", "tty", "plain", "json", "quiet" */

enum row_state { ROW_WAITING, ROW_WORKING, ROW_DONE, ROW_WARNING, ROW_FAILED };

struct progress;
/* Writes to fd (stderr). The loop turns the spinner; title: "Running", "Building". */
int progress_new(sd_event *loop, int fd, enum progress_mode mode, bool colour, const char *title,
		 struct progress **ret, struct error *err);
/* id: "Container web-1"; parent: the id of the row that it stands under, or NULL; status: "Starting", "Started"; done, total: bytes, 0
 * when there are none. A change of status or state is a line where there is no terminal. */
void progress_row(struct progress *p, const char *id, const char *parent, enum row_state state,
		  const char *status, uint64_t done, uint64_t total);
/* A line above the block (a build's output, a warning); as JSON: {"line": "..."}. */
void progress_line(struct progress *p, const char *text);
/* The last drawing; the block stays. */
struct progress *progress_free(struct progress *p);
DEFINE_FREEP(struct progress, progress_free);

#endif
