/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of a Dockerfile: quotes, escapes and variables, as a shell would read them:
 * $x ${x} ${x:-w} ${x-w} ${x:+w} ${x+w} ${x:?w} ${x?w} ${x#p} ${x##p} ${x%p} ${x%%p} ${x/p/w}
 * ${x//p/w}.
 */
#ifndef BUILDER_EXPAND_H
#define BUILDER_EXPAND_H

#include "util/map.h"
#include "util/strv.h"

#define LIMIT_EXPANSION	      (1u << 20) /* bytes of one expanded word */
#define LIMIT_EXPANSION_DEPTH 64	 /* ${a:-${b:-...}} */

enum expand_flags {
	EXPAND_RAW_QUOTES = 1,	/* quotes stay */
	EXPAND_RAW_ESCAPES = 2, /* escapes stay */
	EXPAND_NO_QUOTES = 4,	/* quotes mean nothing */
	EXPAND_KEEP_UNSET = 8,	/* $x of an unset x stays as it is written */
};

/* env: a map of strings; a NULL value is unset; may be NULL. unset (may be NULL) gathers names that
 * were used and are not set. *ret is owned by the caller. */
int expand_word(const char *s, char escape, unsigned flags, const struct map *env,
		struct strv *unset, char **ret, struct error *err);
/* The same, split at blanks that are not quoted; appends to ret. */
int expand_words(const char *s, char escape, unsigned flags, const struct map *env,
		 struct strv *unset, struct strv *ret, struct error *err);

/* Patterns of ${x#p} and its like: `*`, `?`, backslash. */
int pattern_trim_prefix(const char *pattern, const char *value, bool longest, char **ret,
			struct error *err);
int pattern_trim_suffix(const char *pattern, const char *value, bool longest, char **ret,
			struct error *err);
int pattern_replace(const char *pattern, const char *value, const char *with, bool all, char **ret,
		    struct error *err);

#endif
