/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON written straight into a buffer: config.json is made at every start, mostly from tables, and
 * a tree of it in between would cost more than all the rest. key is NULL within arrays.
 */
#ifndef LOCAL_JW_H
#define LOCAL_JW_H

#include "util/buf.h"
#include "util/map.h"
#include "util/strv.h"

void jw_open(struct buf *b, const char *key, char bracket);	/* '{' or '[' */
void jw_close(struct buf *b, char bracket);			/* '}' or ']' */
void jw_str(struct buf *b, const char *key, const char *value); /* NULL: nothing */
void jw_int(struct buf *b, const char *key, int64_t value);
void jw_bool(struct buf *b, const char *key, bool value);
void jw_strv(struct buf *b, const char *key, const struct strv *l);
void jw_list(struct buf *b, const char *key, const char *const *l); /* ends in NULL */
void jw_map(struct buf *b, const char *key, const struct map *m);

#endif
