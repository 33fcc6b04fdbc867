/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's log as docker's json-file driver writes it: a line per line of output,
 * {"log":"text\n","stream":"stdout","time":"2026-11-20T10:27:42.123456789Z"}, no newline in "log"
 * where the line goes on (longer than LOG_LINE_MAX, or cut by the container's end). Rotation: PATH,
 * PATH.1 (newer) ... PATH.N-1.
 *
 * Uses libc alone: the shim links it.
 */
#ifndef LOCAL_LOGFILE_H
#define LOCAL_LOGFILE_H

#include "util/buf.h"

#define LOG_LINE_MAX (16 << 10)
/* What one line of output can grow to: six bytes for a control character, and what is around it. */
#define LOG_ENTRY_MAX (LOG_LINE_MAX * 6 + 256)
#define LOG_FILES_MAX 1000

struct logfile {
	char *path; /* NULL: nothing is kept */
	int fd;
	uint64_t size, max_size; /* 0: no limit */
	unsigned max_files;	 /* at least 1 */
	struct buf out;
	struct buf part[2]; /* what has come of a line that has not ended: stdout, stderr */
};

int logfile_open(struct logfile *l, const char *path, uint64_t max_size, unsigned max_files,
		 struct error *err);
/* Bytes as they came at this moment; whole lines are in the file when it returns. A full disk loses
 * lines, not the container. */
void logfile_add(struct logfile *l, bool is_stderr, const char *p, size_t n, int64_t now);
void logfile_close(struct logfile *l, int64_t now); /* what is left of lines is written */

/* One entry, newline included. */
void log_encode(struct buf *out, bool is_stderr, const char *p, size_t n, bool newline,
		int64_t now);

#endif
