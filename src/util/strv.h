/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of strings that it owns. `v` ends in a NULL whenever it isn't NULL itself; use strv_v() where
 * a char ** that is never NULL is wanted (argv, envp).
 */
#ifndef UTIL_STRV_H
#define UTIL_STRV_H

#include "util/buf.h"

struct strv {
	char **v;
	size_t n, cap;
};

void strv_push(struct strv *l, const char *s); /* copies */
void strv_take(struct strv *l, char *s);       /* takes s */
void strv_pushf(struct strv *l, const char *fmt, ...) printf_like(2, 3);
void strv_extend(struct strv *l, const struct strv *from);
void strv_copy(struct strv *l, const struct strv *from); /* replaces what l had */
void strv_insert(struct strv *l, size_t at, const char *s);
void strv_remove(struct strv *l, size_t at);
void strv_done(struct strv *l);
char **strv_v(const struct strv *l);
bool strv_has(const struct strv *l, const char *s);
bool strv_eq(const struct strv *a, const struct strv *b);
void strv_sort(struct strv *l);		    /* byte order */
void strv_uniq(struct strv *l);		    /* drops repeats, keeps the first of each */
void strv_split(struct strv *l, struct str s, char sep); /* appends the parts, empty ones too */
char *strv_join(const struct strv *l, const char *sep);
/* KEY=VALUE lists: the value of key, or NULL; set replaces or appends. */
const char *strv_env(const struct strv *l, const char *key);
void strv_env_set(struct strv *l, const char *key, const char *value);

#define strv_foreach(s, l) \
	for (char **s##_p_ = (l)->v, *s; (l)->n && s##_p_ < (l)->v + (l)->n && ((s = *s##_p_), 1); s##_p_++)
#define autostrv __attribute__((cleanup(strv_done))) struct strv

#endif
