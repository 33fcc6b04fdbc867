/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/write.h"

#include <inttypes.h>

struct json_writer {
	struct buf *out;
	unsigned flags;
	unsigned depth;
};

static void put_value(struct json_writer *w, const struct node *n);

/* encoding/json's escapes of one character below 0x80, or NULL when it is written as it is. */
static const char *escape_of(unsigned char c, char room[8])
{
	static const char *const named[128] = {
		['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f",
		['\n'] = "\\n", ['\r'] = "\\r",	 ['\t'] = "\\t",
	};

	if (named[c])
		return named[c];
	if (c >= 0x20 && c != '<' && c != '>' && c != '&')
		return NULL;
	snprintf(room, 8, "\\u%04x", c);
	return room;
}

static void put_string(struct json_writer *w, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	const char *escape;
	char room[8];

	buf_addc(w->out, '"');
	for (; *p; p++) {
		if (*p >= 0x80) {
			/* Line separators end a line in JavaScript. */
			if (p[0] == 0xE2 && p[1] == 0x80 && (p[2] & 0xFE) == 0xA8) {
				buf_addf(w->out, "\\u202%c", p[2] == 0xA8 ? '8' : '9');
				p += 2;
			} else {
				buf_addc(w->out, (char)*p);
			}
			continue;
		}
		escape = escape_of(*p, room);
		if (escape)
			buf_adds(w->out, escape);
		else
			buf_addc(w->out, (char)*p);
	}
	buf_addc(w->out, '"');
}

static void new_line(struct json_writer *w)
{
	if (w->flags & WRITE_COMPACT)
		return;
	buf_addc(w->out, '\n');
	buf_addn(w->out, ' ', 2 * (size_t)w->depth);
}

static void put_list(struct json_writer *w, const struct node *n)
{
	if (!n->list.n) {
		buf_adds(w->out, "[]");
		return;
	}
	buf_addc(w->out, '[');
	w->depth++;
	for (size_t i = 0; i < n->list.n; i++) {
		if (i)
			buf_addc(w->out, ',');
		new_line(w);
		put_value(w, n->list.v[i]);
	}
	w->depth--;
	new_line(w);
	buf_addc(w->out, ']');
}

static int compare_members(const void *a, const void *b)
{
	const struct node_member *ma = *(const struct node_member *const *)a;
	const struct node_member *mb = *(const struct node_member *const *)b;

	return strcmp(ma->key, mb->key);
}

static void put_member(struct json_writer *w, const struct node_member *m, bool first)
{
	if (!first)
		buf_addc(w->out, ',');
	new_line(w);
	put_string(w, m->key);
	buf_adds(w->out, w->flags & WRITE_COMPACT ? ":" : ": ");
	put_value(w, m->value);
}

static void put_map(struct json_writer *w, const struct node *n)
{
	autofree const struct node_member **order = NULL;

	if (!n->map.n) {
		buf_adds(w->out, "{}");
		return;
	}
	order = xnewn(const struct node_member *, n->map.n);
	for (size_t i = 0; i < n->map.n; i++)
		order[i] = &n->map.v[i];
	if (w->flags & WRITE_SORTED)
		qsort(order, n->map.n, sizeof(*order), compare_members);
	buf_addc(w->out, '{');
	w->depth++;
	for (size_t i = 0; i < n->map.n; i++)
		put_member(w, order[i], i == 0);
	w->depth--;
	new_line(w);
	buf_addc(w->out, '}');
}

static void put_value(struct json_writer *w, const struct node *n)
{
	char number[GO_FLOAT_MAX];

	switch (n->kind) {
	case NODE_NULL:
		buf_adds(w->out, "null");
		return;
	case NODE_BOOL:
		buf_adds(w->out, n->b ? "true" : "false");
		return;
	case NODE_INT:
		buf_addf(w->out, "%" PRId64, n->i);
		return;
	case NODE_UINT:
		buf_addf(w->out, "%" PRIu64, n->u);
		return;
	case NODE_FLOAT:
		buf_adds(w->out, go_json_float(n->f, number));
		return;
	case NODE_STRING:
	case NODE_TIME:
		put_string(w, n->s);
		return;
	case NODE_LIST:
		put_list(w, n);
		return;
	case NODE_MAP:
		put_map(w, n);
		return;
	}
}

void write_json(const struct node *n, unsigned flags, struct buf *out)
{
	struct json_writer w = { .out = out, .flags = flags };

	put_value(&w, n);
}
