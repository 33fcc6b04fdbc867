/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views of text that somebody else owns (parsers), and the few questions asked of C strings
 * everywhere. A view need not end in a NUL.
 */
#ifndef UTIL_STR_H
#define UTIL_STR_H

#include "util/macro.h"

#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(lit) ((struct str){ (lit), sizeof(lit) - 1 })

static inline struct str str_of(const char *s) { return (struct str){ s, s ? strlen(s) : 0 }; }
static inline bool streq(const char *a, const char *b) { return !strcmp(a, b); }
static inline bool streq0(const char *a, const char *b) { return a == b || (a && b && streq(a, b)); }
bool str_eq(struct str a, const char *b);
bool str_starts(struct str s, const char *prefix);
bool str_ends(struct str s, const char *suffix);
struct str str_trim(struct str s); /* ASCII white space, both ends */
struct str str_skip(struct str s, size_t n);
/* Cuts s at the first c: *head is what is before it, *tail what is after. False when there is no c: then
 * *head is all of s and *tail is empty. */
bool str_cut(struct str s, char c, struct str *head, struct str *tail);
bool str_rcut(struct str s, char c, struct str *head, struct str *tail); /* at the last c */
char *str_dup(struct str s);

bool starts_with(const char *s, const char *prefix);
bool ends_with(const char *s, const char *suffix);
/* What follows the prefix, or NULL. */
const char *skip_prefix(const char *s, const char *prefix);

bool char_is_space(char c); /* ASCII; no locale anywhere in this tree */
bool char_is_digit(char c);
bool char_is_alpha(char c);
bool char_is_alnum(char c);
char char_lower(char c);
char *str_lower(const char *s); /* ASCII, a new string */

bool utf8_valid(struct str s);

/* The nearest of names by edit distance, or NULL when none is near enough to be what was meant
 * (distance at most a third of the word's length, at least 1). names ends in NULL. */
const char *nearest_name(const char *word, const char *const *names);

/* Shell-like glob of Go's path.Match: `*` and `?` don't match '/', [classes], backslash. 1 match,
 * 0 none, -ERR_INVALID for a bad pattern. */
int glob_match(const char *pattern, const char *s);

#endif
