/* SPDX-License-Identifier: Apache-2.0 */
/* Several containers' output on one stream: each line after its container's name, in a colour of its own, names padded alike. */
#ifndef UI_LOGMUX_H
#define UI_LOGMUX_H

#include "util/buf.h"

struct logmux;
struct logmux *logmux_new(int fd, bool colour, bool prefix, bool timestamps);
struct logmux *logmux_free(struct logmux *m);
DEFINE_FREEP(struct logmux, logmux_free);
/* Names that are coming, so that all are padded alike from the first line on. */
void logmux_name(struct logmux *m, const char *name);
/* A line of `name`; time in ns since 1970; partial: more of it follows. */
void logmux_line(struct logmux *m, const char *name, int64_t time, struct str text, bool partial);
/* No more will come of `name`: a line that has begun is shown. */
void logmux_end(struct logmux *m, const char *name);

#endif
