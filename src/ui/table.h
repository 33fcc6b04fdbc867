/* SPDX-License-Identifier: Apache-2.0 */
/* Columns that align, as docker prints them: three blanks between, no blanks at the end of a line. */
#ifndef UI_TABLE_H
#define UI_TABLE_H

#include "util/buf.h"
#include "util/strv.h"

struct table {
	size_t columns;
	struct strv cells; /* row by row, the head first */
};

/* head ends in NULL. */
void table_init(struct table *t, const char *const *head);
void table_cell(struct table *t, const char *text);
void table_cellf(struct table *t, const char *fmt, ...) printf_like(2, 3);
void table_print(const struct table *t, struct buf *out);
void table_done(struct table *t);
#define autotable __attribute__((cleanup(table_done))) struct table

#endif
