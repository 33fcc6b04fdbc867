/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/table.h"

#include "ui/term.h"

#include <stdarg.h>
#include <stdio.h>

#define GAP 3

void table_init(struct table *t, const char *const *head)
{
	*t = (struct table){ 0 };
	for (; head[t->columns]; t->columns++)
		strv_push(&t->cells, head[t->columns]);
}

void table_cell(struct table *t, const char *text)
{
	strv_push(&t->cells, text ? text : "");
}

void table_cellf(struct table *t, const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	va_end(ap);
	strv_take(&t->cells, s);
}

void table_print(const struct table *t, struct buf *out)
{
	autofree size_t *widths = xnewn(size_t, t->columns);

	for (size_t i = 0; i < t->cells.n; i++) {
		size_t w = text_width(str_of(t->cells.v[i]));

		widths[i % t->columns] = MAX(widths[i % t->columns], w);
	}
	for (size_t i = 0; i < t->cells.n; i++) {
		const char *text = t->cells.v[i];
		bool last = (i + 1) % t->columns == 0;

		buf_adds(out, text);
		if (last) {
			while (out->len && out->p[out->len - 1] == ' ')
				buf_truncate(out, out->len - 1);
			buf_addc(out, '\n');
		} else {
			buf_addn(out, ' ', widths[i % t->columns] + GAP - text_width(str_of(text)));
		}
	}
}

void table_done(struct table *t)
{
	strv_done(&t->cells);
}
