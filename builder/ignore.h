/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of patterns as .dockerignore and --exclude have them: Go's path.Match with `**`, and '!'
 * for exceptions; the last that matches a path, or a directory above it, decides.
 */
#ifndef BUILDER_IGNORE_H
#define BUILDER_IGNORE_H

#include "util/strv.h"

#define LIMIT_IGNORE_FILE     (1u << 20)
#define LIMIT_IGNORE_PATTERNS 10000

struct ignore;

/* Patterns as they are. -ERR_INVALID names the bad one. */
int ignore_new(const struct strv *patterns, struct ignore **ret, struct error *err);
/* The lines of a file: comments and blanks left out, a leading '/' dropped. name: for messages. */
int ignore_parse(const char *name, struct str text, struct ignore **ret, struct error *err);
struct ignore *ignore_free(struct ignore *ig);
DEFINE_FREEP(struct ignore, ignore_free);

size_t ignore_count(const struct ignore *ig);
/* Is there an exception ('!')? Then what lies below a directory that matches may not match. */
bool ignore_has_exceptions(const struct ignore *ig);
/* The text of all patterns, for cache keys. */
const struct strv *ignore_patterns(const struct ignore *ig);

/* Does the path (relative, clean) match? */
bool ignore_match(const struct ignore *ig, const char *path);
/* The same for a walk: above holds what ignore_match_below() said of its directory (NULL: the top),
 * and self gets what it says of this path; each has ignore_count() elements. */
bool ignore_match_below(const struct ignore *ig, const char *path, const bool *above, bool *self);

#endif
